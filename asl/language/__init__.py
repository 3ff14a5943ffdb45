"""The data side of the States Language: paths, templates, choice rules, retries, intrinsics, JSONata."""

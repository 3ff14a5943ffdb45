"""The States Language: JSONPath, payload templates, choice rules, Retry and Catch, intrinsic functions, JSONata."""

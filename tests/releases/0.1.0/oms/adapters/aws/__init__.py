"""AWS: the client of its JSON protocol, Step Functions, and reports in S3."""

"""The Step Functions API over HTTP."""

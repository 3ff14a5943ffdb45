"""The AWS services of the one-machine stack: ministack, Cognito, Lambda, Step Functions, streams."""

"""The shop on AWS: a CDK app that reads the declared files by path and imports none of the shop's code."""

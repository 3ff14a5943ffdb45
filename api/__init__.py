"""The HTTP handlers behind API Gateway, and the contract that they keep."""

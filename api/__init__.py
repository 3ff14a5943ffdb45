"""The HTTP API: its contract, and the services behind API Gateway that keep it."""

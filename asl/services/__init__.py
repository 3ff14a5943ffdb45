"""The integrations of Task states with Lambda functions, AWS services and HTTP endpoints.

``integrations`` calls them, ``catalogue`` lists them.
"""

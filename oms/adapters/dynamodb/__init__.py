"""The ports that DynamoDB implements, one module a port; `tables.json` declares the tables."""

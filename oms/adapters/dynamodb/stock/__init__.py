"""Stock in DynamoDB: counters, split over shards where a SKU is hot, and their ledger."""

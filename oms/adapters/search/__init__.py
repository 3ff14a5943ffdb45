"""Search over the catalogue: Amazon OpenSearch on AWS, tantivy on one machine."""

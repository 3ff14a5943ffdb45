"""JSONata, the second query language of the States Language."""

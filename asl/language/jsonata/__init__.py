"""JSONata expressions of the States Language."""

"""The adapter engine: from a record in a vendor's own shape to canonical events, by rules that are data (TOML)."""

"""Adapters: they turn records in a vendor's own format into canonical events, by rules that are data (TOML)."""

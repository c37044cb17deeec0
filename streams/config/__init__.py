"""The TOML files that people write: policies, locations, feeds and receivers. One reader, one style of errors."""

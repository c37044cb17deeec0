"""The TOML files that people write: policies, locations, feeds and receivers. One reader and one style of errors."""

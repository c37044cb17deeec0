"""The state of one partition, as pure as the core: records go in one by one, effects come out."""

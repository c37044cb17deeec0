"""The state of one partition: records go in one at a time, effects come out. As pure as the core."""

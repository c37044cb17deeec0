"""The book of one partition: all its state, as pure as the core. Records go in one by one, effects come out."""

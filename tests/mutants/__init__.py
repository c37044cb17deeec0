"""Planted faults: each is a small plausible mistake in the judging or the state, and some test has to notice it."""

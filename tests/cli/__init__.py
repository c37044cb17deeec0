"""Tests of the command line: what its users type, and what they get back."""

"""Intake: it adapts the records of feeds to canonical events."""

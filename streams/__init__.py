"""Judges promises against deliveries, live, from event streams."""

"""Tests of what runs on this machine alone: the local Kafka and the simulated town."""

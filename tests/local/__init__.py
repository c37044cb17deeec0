"""Tests of what runs on this machine alone: the local Kafka, and the town that lives in it."""

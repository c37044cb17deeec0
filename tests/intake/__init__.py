"""Tests of intake as it runs: a process of its own, on a real Kafka, with feeds that bring canonical events."""

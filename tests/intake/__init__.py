"""Tests of intake as a process of its own, on a real Kafka, with feeds of canonical events."""

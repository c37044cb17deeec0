"""Tests of the worker as it runs: a process of its own, on a real Kafka, read through /metrics and its topics."""

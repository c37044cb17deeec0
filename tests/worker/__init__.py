"""Tests of the worker as a process of its own, on a real Kafka, by its metrics and topics."""

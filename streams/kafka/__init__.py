"""Kafka as every process and command uses it: the connection, clients, permissions, topics, and reading a topic."""

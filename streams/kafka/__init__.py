"""Kafka for every process and command: the connection, clients, permissions, topics, and reading a topic."""

"""The generic stream processor: batches from Kafka in, one transaction per step out."""

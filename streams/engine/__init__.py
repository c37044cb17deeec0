"""The generic stream processor: batches in from Kafka, one transaction a step out to Kafka."""

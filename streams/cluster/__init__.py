"""What the Kafka of a deployment looks like: its topics compared with what they must be, and who owns what."""

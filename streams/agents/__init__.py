"""The agents: thin. Chunks of records go to the books, what follows goes to Kafka."""

"""How a book is made durable: one Kafka transaction a step, and the changelog from which the next owner continues."""

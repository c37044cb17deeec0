"""`promises notify`: carries alerts from Kafka to a webhook, as `streams.notifying` decides."""

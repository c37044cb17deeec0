"""The gateway: receives webhooks and manual events over HTTP, and acknowledges them once Kafka has stored them."""

"""The gateway: takes webhooks and spoken promises over HTTP, and puts them on Kafka before it says that it has them."""

"""The worker: it judges the promises of promise.events."""

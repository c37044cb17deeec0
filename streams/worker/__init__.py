"""The worker: judges the promises of promise.events."""

"""Metrics for Prometheus: catalogue, snapshot collectors, and the server for /metrics, /healthz and /readyz."""

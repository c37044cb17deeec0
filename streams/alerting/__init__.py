"""Alerts as data: Prometheus rules and Alertmanager routes, made from objectives and locations. Pure."""

"""Alerts as data: from objectives and locations to the rules of Prometheus and the routes of Alertmanager. Pure."""

"""Pushing dashboards and annotations to an existing Grafana."""

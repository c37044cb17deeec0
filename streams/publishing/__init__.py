"""Dashboards and incidents into a Grafana that exists: what is to be there, and one adapter that puts it there."""

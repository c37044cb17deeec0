"""Builders of the Grafana dashboards, with the generated dashboards and the provisioning for Grafana."""

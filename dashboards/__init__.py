"""What operations look at: builders of the Grafana dashboards, what they built, and how Grafana finds it."""

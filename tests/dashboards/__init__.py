"""The dashboards: built as committed, by the rules of the house, and answered by a real Prometheus."""

"""Tests of the dashboards: as committed, against the rules for dashboards, and with a real Prometheus."""

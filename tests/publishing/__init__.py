"""Dashboards and incidents into a Grafana; a stand-in, because there is none to be had."""

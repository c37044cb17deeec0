"""Tests of the adapter engine: rules that are data, read as they are written."""

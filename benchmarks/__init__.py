"""Benchmarks: each module is one part and prints its figures."""

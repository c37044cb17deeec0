"""Tests of the contract: what other people's programs send us and read from us."""

"""Tests of the contract with other programs."""

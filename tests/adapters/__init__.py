"""Tests of the feeds: other people's files, as they really are."""

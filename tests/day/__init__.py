"""A day of simulated orders, as webhooks of their shops' tills and as canonical events."""

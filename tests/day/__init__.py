"""A day of simulated orders: as their shops' tills tell it in webhooks, and as canonical events say the same."""

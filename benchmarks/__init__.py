"""How fast, measured: each benchmark is a module that prints its figures."""

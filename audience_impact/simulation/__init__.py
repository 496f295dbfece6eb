"""Seeded draws of all uncertain quantities, and of the results computed from them."""

"""Seeded draws of everything uncertain, and of what follows from it."""

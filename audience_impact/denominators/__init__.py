"""Denominators of audiences: the count of a population for a place and day."""

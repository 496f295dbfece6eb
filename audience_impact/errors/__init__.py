"""Errors of printed figures: fitted to the facts, read by the draws."""

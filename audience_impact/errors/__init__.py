"""Errors of printed figures, fitted to the facts and used in the draws."""

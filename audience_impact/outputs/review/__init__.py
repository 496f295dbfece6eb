"""Reasons, status, attribution, and the rules over results."""

"""Comparison of two versions: `changes` as records, and `text`."""

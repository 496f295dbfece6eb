"""Populations and people online, from published tables to rows of `bases`."""

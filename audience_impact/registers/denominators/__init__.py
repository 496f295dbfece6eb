"""Populations and people online, converted from published tables to rows of `bases`."""

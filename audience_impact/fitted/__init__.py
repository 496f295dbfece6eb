"""Fitted parameters, read once at the start of a run from tables that `learn` writes."""

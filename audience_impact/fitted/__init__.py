"""Fitted parameters, read once at the start of a run from the fact tables that `learn` writes.

`models` has all of them together, with the evidence levels that failed validation; `shares` gives
distributions of shares that a country did not measure; `context` carries them through a run, with
the facts, the denominators and the tree of areas.
"""

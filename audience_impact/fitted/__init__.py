"""Fitted parameters, read once at the start of a run from the fact tables that `learn` writes.

`models` has all of them, with the evidence levels that failed validation, and carries them through
a run with the facts, the denominators and the tree of areas; `shares` gives distributions of shares
that a country did not measure.
"""

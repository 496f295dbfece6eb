"""Fitted parameters as a run reads them from the fact tables that `learn` wrote, once at its start.

`models` has all of them together, with the evidence levels that failed validation; `shares` gives
distributions of shares that a country did not measure.
"""

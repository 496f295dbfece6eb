"""Fitted parameters as a run reads them from the fact tables that `learn` wrote, once at its start.

`models` holds all of them together; `shares` and `circumvention` give distributions of shares that
a country did not measure, `evidence_levels` the levels that failed validation.
"""

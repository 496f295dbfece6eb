"""The steps of the main flow as plain functions."""

"""Imputation of audiences without a count on record, as shares of the people online."""

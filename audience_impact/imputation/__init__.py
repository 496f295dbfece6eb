"""Imputation of audiences that nobody counted, as shares of the people online."""

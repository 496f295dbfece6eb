"""Fitting of the parameters of places: people online there, readings of registers, parts."""

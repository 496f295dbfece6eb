"""Fitting of `online_levels`: the counts of people online, and the model of all countries."""

"""Fitting of the parameters that the computation reads; no stage of it may import a fit."""

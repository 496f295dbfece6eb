"""Fitting of the parameters that the computation reads, from figures that check each other.

A module fits the fact tables of its name and gives them as frames; `tables` holds what all of them
share. Only commands come here: no stage of the computation may import it.
"""

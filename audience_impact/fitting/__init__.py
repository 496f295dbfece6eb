"""Fitting of the parameters that the computation reads, from figures that check each other.

Each module fits the fact tables that its docstring names and returns them as frames; `tables` has
the code that all modules share. Nothing is drawn at random: the same facts give the same numbers,
to the decimals written. Only commands come here: no stage of the computation may import it.
"""

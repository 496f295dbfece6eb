"""Figures downloaded from their publishers, and their names, for a command that starts fast."""

from enum import StrEnum


class Name(StrEnum):
    """A download, named by the lineage of its figures in the facts."""

    POPULATION = "world-bank-population"
    INTERNET = "itu-internet-use"
    PROJECTIONS = "un-wpp-2024"
    REGISTER = "access-now-stop"
    NETWORKS = "apnic-aspop"

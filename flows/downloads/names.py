"""What `refresh` fetches, by name: apart, so that the command starts without what fetches."""

from enum import StrEnum


class Name(StrEnum):
    """What can be fetched, by the lineage that its figures have in the facts."""

    POPULATION = "world-bank-population"
    INTERNET = "itu-internet-use"
    PROJECTIONS = "un-wpp-2024"
    REGISTER = "access-now-stop"

"""The fact table `circumvention_laws`."""

from schemas.laws import ShareLaw

KEY = ("area_id",)
OPTIONAL = True


class CircumventionLaws(ShareLaw):
    """The law of the share that keeps access to what is cut; written by `learn-shares` alone.

    One row for any country, where `area_id` is blank, and one a country with figures of its own.
    Log odds: Student t of `freedom` degrees around `mean`, times `spread`.
    """

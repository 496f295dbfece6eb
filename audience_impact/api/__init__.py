"""Arguments and results of the functions for analysts: types, checks, and draws made of numbers.

A result is a named tuple of persons: it unpacks, its fields have names, and `summary()` is a
sentence to read.
"""

import difflib
import math
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from audience_impact.frames import Array
    from audience_impact.overlap.model import OverlapModel

Persons: TypeAlias = float | tuple[float, float]
"""A number of persons, or a range with its lower and upper limit."""
Restriction: TypeAlias = tuple[str | date, str | date, Sequence[str]]
"""First day, day after the last, and the names of the restricted audiences."""

PROBABILITIES = (0.05, 0.50, 0.95)
KOSOVO = "XK"
"""A code that ISO 3166-1 leaves to its users, and that stands for Kosovo everywhere."""


class Bounds(NamedTuple):
    """Bounds that follow from the numbers, in persons; `upper` is inf if there is no limit."""

    lower: float
    upper: float

    def summary(self) -> str:
        """Return the bounds as a sentence, with three digits.

        Examples:
            >>> Bounds(96e6, 105e6).summary()
            'At least 96,000,000 and at most 105,000,000 persons, however people use the services.'
        """
        return f"{_format_bounds(self.lower, self.upper)}, however people use the services."


class Estimate(NamedTuple):
    """The 5, 50 and 95 % points of the draws, in persons."""

    q05: float
    q50: float
    q95: float

    def summary(self) -> str:
        """Return median and interval as a sentence, with three digits.

        Examples:
            >>> Estimate(96.4e6, 101.5e6, 103.9e6).summary()
            'About 102,000,000 persons (90 % interval 96,400,000 to 104,000,000).'
        """
        return f"{_format_estimate(self.q05, self.q50, self.q95)}."


class People(NamedTuple):
    """People affected, in persons, and the answer as a sentence; None where a number is not known.

    `min` and `max` allow for the errors of 99 % of figures, `printed_min` and `printed_max` take
    each figure as it is printed; the likely range goes from `q05` to `q95`.
    """

    min_persons: float | None
    q05_persons: float | None
    q50_persons: float | None
    q95_persons: float | None
    max_persons: float | None
    printed_min_persons: float | None
    printed_max_persons: float | None
    sentence: str


class Reach(NamedTuple):
    """Persons reached: the bounds (`lower`, `upper`) and the expectation of the beta-binomial."""

    lower: float
    expected: float
    upper: float

    def summary(self) -> str:
        """Return expectation and bounds as a sentence, with three digits.

        Examples:
            >>> Reach(68e6, 82.5e6, 89e6).summary()
            'About 82,500,000 persons: at least 68,000,000 and at most 89,000,000 persons.'
        """
        bounds = _format_bounds(self.lower, self.upper)
        return f"About {_format_persons(self.expected)} persons: {bounds[0].lower()}{bounds[1:]}."


class FeatureUsers(NamedTuple):
    """Users of a restricted feature, in persons: bounds, and quantiles of the draws."""

    lower: float
    q05: float
    q50: float
    q95: float
    upper: float

    def summary(self) -> str:
        """Return median, interval and bounds as sentences, with three digits.

        Examples:
            >>> print(FeatureUsers(32.7e6, 41.2e6, 41.5e6, 41.7e6, 41.7e6).summary())
            About 41,500,000 persons (90 % interval 41,200,000 to 41,700,000). At least 32,700,000
            and at most 41,700,000 persons, however people use the services.
        """
        estimate = _format_estimate(self.q05, self.q50, self.q95)
        return f"{estimate}. {Bounds(self.lower, self.upper).summary()}"


def _format_persons(persons: float) -> str:
    return f"{float(f'{persons:.3g}'):,.0f}"


def _format_bounds(lower: float, upper: float) -> str:
    least = f"At least {_format_persons(lower)}"
    most = "" if math.isinf(upper) else f" and at most {_format_persons(upper)}"
    return f"{least}{most} persons"


def _format_estimate(q05: float, q50: float, q95: float) -> str:
    interval = f"90 % interval {_format_persons(q05)} to {_format_persons(q95)}"
    return f"About {_format_persons(q50)} persons ({interval})"


class Overlap(NamedTuple):
    """A measured overlap of audiences: users of all of them, or of any of them.

    Attributes:
        audiences: Positions (from 0) of the overlapping audiences, two or more.
        value: Persons or, with `share_of`, a share 0..1; a pair gives its lower and upper limit.
        kind: "intersection" (users of all of them) or "union" (users of any).
        share_of: Position of the audience whose users `value` is a share of.
    """

    audiences: tuple[int, ...]
    value: Persons
    kind: Literal["intersection", "union"] = "intersection"
    share_of: int | None = None


class ContradictionError(ValueError):
    """An overlap that cannot be true together with the other numbers; `overlap` is its position."""

    def __init__(self, overlap: int) -> None:
        self.overlap = overlap
        super().__init__(
            f"overlap {overlap} cannot be true together with the audiences, the universe and the "
            "overlaps before it"
        )


def check_pair(value: Persons, what: str) -> tuple[float, float]:
    """Return the least and the most of a number; raise ValueError if they are invalid."""
    values: list[Any] = [value] if np.ndim(value) == 0 else list(np.ravel(value))
    ends = values * 2 if len(values) == 1 else values
    if len(ends) != 2:
        raise ValueError(f"{what} is {value}: a number, or a pair of the least and the most")
    try:
        low, high = float(ends[0]), float(ends[1])
    except (TypeError, ValueError):
        raise ValueError(f"{what} is {value!r}: no number") from None
    if not (0.0 <= low < math.inf and 0.0 <= high < math.inf):
        raise ValueError(f"{what} is {value}: a finite number from 0 up is needed")
    if low > high:
        raise ValueError(f"{what} is {value}: the least is above the most")
    return low, high


def check_sizes(
    audiences: Sequence[Persons], universe: float, names: Sequence[str] = ()
) -> tuple[list[float], list[float]]:
    """Return the least and the most persons of each audience.

    Raises ValueError where there is no audience or one is larger than the universe.
    """
    if math.isnan(universe) or universe <= 0.0:
        raise ValueError(f"the universe is {universe}: a number of persons above 0 is needed")
    called = names or [f"audience {i}" for i in range(len(audiences))]
    pairs = [check_pair(value, name) for value, name in zip(audiences, called, strict=True)]
    if not pairs:
        raise ValueError("audiences is empty: give at least one audience")
    for name, (low, _) in zip(called, pairs, strict=True):
        if low > universe:
            raise ValueError(
                f"{name} ({low:,.0f}) is larger than the universe ({universe:,.0f}): "
                "both must count the same people"
            )
    return [low for low, _ in pairs], [high for _, high in pairs]


def require_exact(
    audiences: Sequence[float], universe: float, names: Sequence[str] = ()
) -> "Array":
    """Return persons of each audience (audiences,); raise ValueError for pairs and inf."""
    low, high = check_sizes(audiences, universe, names)
    if low != high:
        raise ValueError("an estimate needs a single number for each audience, not a pair")
    if math.isinf(universe):
        raise ValueError("an estimate needs a finite universe")
    return np.array(low)


def draw_unions(
    shares: "Array",
    members: NDArray[np.bool_],
    model: "OverlapModel",
    country_id: str,
    seed_and_draws: tuple[int, int],
) -> "Array":
    """Return draws (unions, D) of unions, as shares of the universe of one country.

    Raises ValueError for less than one draw, no model, or no country of this name.
    """
    from audience_impact.overlap.model import Group
    from audience_impact.simulation.sampler import Sampler

    seed, draws = seed_and_draws
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    if not hasattr(model, "joint_use"):
        raise ValueError(
            f"calibration is {model!r}: give a model of joint use, as load_calibration() returns it"
        )
    country = resolve_country(country_id)
    joint_use = model.joint_use(country, Sampler(seed, draws).draw_uniform)
    return model.draw_unions(Group(np.repeat(shares[:, None], draws, axis=1), joint_use, members))


def compute_quantiles(drawn: "Array") -> list[float]:
    """Return the 5, 50 and 95 % points of draws (D,)."""
    return [float(point) for point in np.quantile(drawn, PROBABILITIES)]


def resolve_country(country: str) -> str:
    """Return the two-letter code (ISO 3166-1) of a country given by its code or English name.

    A code selects the surveys and the draws of a country, so an unknown one would silently give the
    numbers of a country without a survey: raise ValueError for it, and for the name of several
    countries. Blank stays blank.

    Examples:
        >>> resolve_country("ru"), resolve_country("Turkey"), resolve_country("")
        ('RU', 'TR', '')
        >>> resolve_country("ZZ")
        Traceback (most recent call last):
            ...
        ValueError: country_id is 'ZZ': no country has this code or name; give a two-letter code of
        ISO 3166-1 such as RU, or blank for a country without a survey
    """
    if not isinstance(country, str):
        raise ValueError(
            f"country_id is {country!r}: give a code of ISO 3166-1 such as RU, as text"
        )
    text = country.strip()
    if not text:
        return text
    from audience_impact.answers.names import SHARED_NAMES

    codes, key = _load_codes(), _make_key(text)
    if key in SHARED_NAMES:
        raise ValueError(
            f"country_id is {country!r}: several countries have this name; give a two-letter code "
            "of ISO 3166-1, such as CD or CG"
        )
    if code := codes.get(key):
        return code
    near = difflib.get_close_matches(key, codes, n=1)
    guess = f"; did you mean {codes[near[0]]}?" if near and len(key) > 2 else ""
    raise ValueError(
        f"country_id is {country!r}: no country has this code or name; give a two-letter code of "
        f"ISO 3166-1 such as RU, or blank for a country without a survey{guess}"
    )


def _make_key(text: str) -> str:
    """Return the letters of a name without its article, which no name of a country begins with."""
    from audience_impact.answers.names import make_key

    return make_key(text).removeprefix("the")


@cache
def _load_codes() -> dict[str, str]:
    """Return the code of each country by the keys of its English names and codes."""
    import pycountry

    from audience_impact.answers import names

    countries = {country.alpha_2 for country in pycountry.countries} | {KOSOVO}
    spellings = ((_make_key(text), code) for text, code in names.list_area_names())
    return {key: code for key, code in spellings if code in countries} | {
        code.casefold(): code for code in countries
    }

"""Search by typed words: what a question names, and the restrictions on record that fit it.

Method. `Vocabulary` has what words may name: countries and regions in many languages, services,
and the words of the records. `read_question` takes each word of a question for the longest name
that it begins, else for a filler, a kind of restriction, a word of a record or the beginning of
one, and only then for a misspelt name; it notes every guess. `match_restrictions` selects the
restrictions that fit all that was named: `nigera twiter` fits NG-2021-06-05-twitter.

Known drawbacks. A month is read beside a year alone. A place below the country is found by names
that a record of the version has for it or for the place that contains it.
"""

import difflib
import itertools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

import pandas as pd

from audience_impact.answers import names
from audience_impact.answers.names import SHARED_NAMES, make_key
from audience_impact.answers.records import is_in_force
from audience_impact.vocabulary import WHOLE_INTERNET, Action

ON_RECORD = ("restriction_id", "area_name", "country_id", "places", "platforms", "observed_from")
WORLD = "001"
_NARROW_NOTHING = (
    "a about access affect affected after all an and app apps are at be been big biggest by can "
    "case countries country cut days de del der des did die do does down du during effect el en "
    "estimate estimated event events for from had has have how i impact in interval is it its la "
    "large largest las le les list los lose lost many me most much my no number of off offline on "
    "or order people per person rank ranked ranking restriction restrictions service services so "
    "the their there to top users was were what when where which who why with worst year years"
)
FILLERS = frozenset(_NARROW_NOTHING.split())
"""Words of a question that narrow nothing."""
_CUTS = "shutdown shutdowns shut blackout blackouts internet outage outages apagon coupure"
_BLOCKS = "ban banned bans block blocked blocking blocks blockade bloqueo blocage censored"
_SLOWED = "throttle throttled throttling slow slowed slowdown"
_OTHERS = frozenset(Action) - {Action.NETWORK_SHUTDOWN, Action.THROTTLE}
KINDS = {
    **dict.fromkeys(_CUTS.split(), frozenset({Action.NETWORK_SHUTDOWN})),
    **dict.fromkeys(_SLOWED.split(), frozenset({Action.THROTTLE})),
    **dict.fromkeys(_BLOCKS.split(), _OTHERS),
}
"""Words for a kind of restriction, with its actions; they narrow where such a one is on record."""
CODE = re.compile(r"[A-Z]{2}|\d{3}")
PERIOD = re.compile(r"(?<![^\W_])((?:19|20)\d\d(?:-(?:0[1-9]|1[0-2]))?)(?![^\W_])")
MONTHS = "january february march april may june july august september october november december"
LONGEST_NAME, SHORTEST_PREFIX, SHORTEST_GUESS = 6, 3, 4
NEAR = 0.8
"""Least similarity (difflib's ratio) of a word and the name that it is taken for."""


@dataclass(frozen=True)
class Name:
    """The meaning of a name: an `area` (code), a `service` (id) or a `word` of records."""

    kind: str
    value: str
    text: str


@dataclass
class Question:
    """The meaning of typed words; `unread` are words that no record contains."""

    period: str | None = None
    names: list[Name] = field(default_factory=list)
    kinds: dict[str, frozenset[Action]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def list_values(self, kind: str) -> list[str]:
        """Return what is named of a kind, each once, in the order of the words."""
        return list(dict.fromkeys(name.value for name in self.names if name.kind == kind))

    @property
    def area(self) -> str | None:
        """Return the area if nothing narrower is named; the world if a period or kind alone is."""
        named = {name.value for name in self.names}
        if not named and not self.unread and (self.period or self.kinds):
            return WORLD
        areas = self.list_values("area")
        return areas[0] if len(areas) == 1 and named == set(areas) else None


class Vocabulary:
    """The names in a version, from its tables `restrictions` and `impact_by_platform`."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Read the services and the records of a version."""
        acts = tables["restrictions"]
        self.acts, self.services = acts, dict[str, set[str]]()
        parts = tables["impact_by_platform"] if "impact_by_platform" in tables else pd.DataFrame()
        columns = ["restriction_id", "platform_id", "platform_name"]
        self.service_names = {make_key(name): service for name, service in names.NICKNAMES.items()}
        for act, service, name in parts.reindex(columns=columns).dropna().to_numpy():
            self.services.setdefault(act, set()).add(service)
            if service != WHOLE_INTERNET:
                self.service_names |= {make_key(text): service for text in (service, name)}

    @cached_property
    def words(self) -> dict[str, set[str]]:
        """Return the words of the record of each restriction."""
        acts, places = self.acts, _name_places(self.acts)
        columns = [*ON_RECORD, "area_id", "action", "occasion"]
        texts = acts.reindex(columns=columns).astype("object")
        cells = texts.where(texts.notna(), "")
        return {
            row["restriction_id"]: _list_record_words(row, places)
            for row in cells.to_dict(orient="records")
        }

    @cached_property
    def names(self) -> dict[str, Name]:
        """Return what each name stands for: services of the version before areas in English."""
        services = {key: Name("service", value, key) for key, value in self.service_names.items()}
        return _name_areas(names.list_area_names()) | services

    @cached_property
    def all_names(self) -> dict[str, Name]:
        """Return what each name stands for, also of areas in other languages."""
        return _name_areas(names.list_foreign_names()) | self.names

    @cached_property
    def record_words(self) -> set[str]:
        """Return the words of all records."""
        return set().union(*self.words.values())

    @cached_property
    def spellings(self) -> list[str]:
        """Return all names and words, in one order."""
        return sorted({*self.all_names, *self.record_words})

    def guess_name(self, key: str) -> Name | None:
        """Return what a misspelt word most probably stands for; of equals areas, then services."""
        if len(key) < SHORTEST_GUESS:
            return None
        spellings = self.spellings
        ranks = {"area": 0, "service": 1}
        near = [
            (-difflib.SequenceMatcher(None, spelling, key).ratio(), name_rank, spelling)
            for spelling in difflib.get_close_matches(key, spellings, n=5, cutoff=NEAR)
            for name_rank in [
                ranks[self.all_names[spelling].kind] if spelling in self.all_names else 2
            ]
        ]
        if not near:
            return None
        best = min(near)[2]
        return self.all_names.get(best) or Name("word", best, best)


def _name_areas(spellings: Iterable[tuple[str, str]]) -> dict[str, Name]:
    """Return areas by name; of several with one name the first."""
    codes: dict[str, str] = {}
    for text, code in spellings:
        codes.setdefault(make_key(text), code)
    return {
        key: Name("area", code, names.name_area(code))
        for key, code in codes.items()
        if key and key not in SHARED_NAMES
    }


def _name_places(acts: pd.DataFrame) -> dict[str, str]:
    """Return the names of places by id, as far as records have them."""
    return {
        area: name
        for ids, texts in zip(acts["area_id"], acts["area_names"], strict=True)
        for area, name in zip(ids.split(";"), json.loads(texts), strict=True)
    }


def _list_record_words(row: Mapping[str, str], places: Mapping[str, str]) -> set[str]:
    """Return the words of a record, of its countries and of the places that contain its own."""
    chains = [area.split("/") for area in row["area_id"].split(";")]
    around = {"/".join(chain[:depth]) for chain in chains for depth in range(1, len(chain) + 1)}
    countries = [names.area_in_words(code, code) for code in row["country_id"].split(";")]
    action = Action(row["action"])
    texts = [*(row[name] for name in ON_RECORD), *countries]
    texts += [*(places.get(area, "") for area in sorted(around)), action.verb, action.forms.noun]
    texts += [form for word in row["occasion"].split() for form in _list_forms(word)]
    texts += [name for number, name in _number_months() if row["observed_from"][5:7] == number]
    return {make_key(word) for word in _split_words(" ".join(texts).replace("_", " "))}


def _list_forms(word: str) -> tuple[str, str]:
    """Return the singular and the plural of a noun: `exam cheating` is found by `exams`."""
    singular = word.removesuffix("s")
    return singular, f"{singular}s"


def _number_months() -> list[tuple[str, str]]:
    return [(f"{number:02}", name) for number, name in enumerate(MONTHS.split(), 1)]


def _split_words(text: str) -> list[str]:
    plain = re.sub(r"['\u2019]s\b", "", text)
    return [word for word in re.split(r"[\s,;:!?()\"/-]+", plain) if make_key(word)]


def is_like_id(words: str) -> bool:
    """Return whether words are written as ids are: in one, with letters and digits."""
    is_single = not re.search(r"\s", words.strip())
    return is_single and bool(re.search(r"\d", words) and re.search("[A-Za-z]", words))


def complete_id(beginning: str, acts: pd.DataFrame) -> list[str]:
    """Return the ids that begin so, in any case."""
    ids = acts["restriction_id"].tolist()
    return [name for name in ids if name.casefold().startswith(beginning.casefold())]


def find_area(words: str, on_record: Mapping[str, str]) -> str | None:
    """Return the code of the area on record with this code or name; None if there is none."""
    key = make_key(words).removeprefix("the") or words
    for area, name in on_record.items():
        spellings = (area, name, names.area_in_words(area, name))
        if key in {make_key(text).removeprefix("the") for text in spellings}:
            return area
    spelt = itertools.chain(names.list_area_names(), names.list_foreign_names())
    codes = (code for text, code in spelt if code in on_record and make_key(text) == key)
    return next(codes, None)


def read_question(text: str, vocabulary: Vocabulary) -> Question:
    """Return what the words of a text ask for."""
    question = Question()
    tokens = _split_words(_read_period(text, question))
    shouted = text.isupper() and any(len(token) > len("IN") for token in tokens)
    place = 0
    while place < len(tokens):
        place += _read_name(tokens[place:], vocabulary, question, shouted)
    return question


def _read_period(text: str, question: Question) -> str:
    """Take the period from a text; return what remains of the text."""
    match = PERIOD.search(text)
    if match is None:
        return text
    question.period = match[1]
    remains = text[: match.start()] + " " + text[match.end() :]
    for number, month in _number_months():
        shorter = re.sub(rf"(?i)\b({month}|{month[:3]})\b", " ", remains, count=1)
        if shorter != remains and len(match[1]) == len("2023"):
            question.period = f"{match[1]}-{number}"
            return shorter
    return _read_foreign_month(remains, question)


def _read_foreign_month(text: str, question: Question) -> str:
    """Take a month in another language from a text with a year; return what remains."""
    year, words = question.period or "", text.split()
    if len(year) == len("2023"):
        numbers = _number_foreign_months()
        for place, word in enumerate(words):
            if number := numbers.get(make_key(word)):
                question.period = f"{year}-{number:02}"
                return " ".join([*words[:place], *words[place + 1 :]])
    return text


@cache
def _number_foreign_months() -> dict[str, int]:
    """Return the number of each month by its name; a name of two months is left out."""
    numbers: dict[str, set[int]] = {}
    for name, number in names.list_month_names():
        numbers.setdefault(make_key(name), set()).add(number)
    return {name: min(several) for name, several in numbers.items() if name and len(several) == 1}


def _read_name(tokens: list[str], vocabulary: Vocabulary, question: Question, shouted: bool) -> int:
    """Read the name that the words begin with into the question; return its number of words."""
    first = make_key(tokens[0])
    is_code = len(first) == len("IN") and tokens[0].isupper() and not shouted
    if first in FILLERS and not is_code:
        return 1
    if length := _read_longest(tokens, vocabulary.names, question):
        return length
    if first in KINDS:
        question.kinds[tokens[0]] = KINDS[first]
        return 1
    if first not in vocabulary.record_words and first not in SHARED_NAMES:
        if length := _read_longest(tokens, vocabulary.all_names, question):
            return length
        if not (len(first) >= SHORTEST_PREFIX and _has_word(vocabulary.record_words, first)):
            return _guess_name(tokens, vocabulary, question)
    question.names.append(Name("word", SHARED_NAMES.get(first, first), tokens[0]))
    return 1


def _read_longest(tokens: list[str], spellings: Mapping[str, Name], question: Question) -> int:
    """Read the longest name that the words begin with; return its number of words, 0 for none."""
    for length in range(min(LONGEST_NAME, len(tokens)), 0, -1):
        name = spellings.get("".join(map(make_key, tokens[:length])))
        if name:
            question.names.append(name)
            return length
    return 0


def _guess_name(tokens: list[str], vocabulary: Vocabulary, question: Question) -> int:
    """Read a misspelt name of two words or one into the question, and note the guess."""
    for length in (2, 1):
        words = tokens[:length]
        name = vocabulary.guess_name("".join(map(make_key, words)))
        if len(words) == length and name and (length == 1 or name.kind != "word"):
            question.names.append(name)
            question.notes.append(f"no event says '{' '.join(words)}'; showing {name.text}")
            return length
    question.unread.append(tokens[0])
    question.notes.append(f"no event says '{tokens[0]}'; left out of the search")
    return 1


def match_restrictions(question: Question, vocabulary: Vocabulary) -> list[str]:
    """Return the ids of the restrictions that fit a question, in the order of the table."""
    if not question.names and not question.area:
        return []
    acts = vocabulary.acts
    fits = pd.Series(
        [_fits_names(row, question, vocabulary) for row in acts.to_dict(orient="records")],
        acts.index,
        dtype=bool,
    )
    if question.period and fits.any():
        as_of = pd.Timestamp(acts["as_of"].max())
        dated = acts[["announced_on", "observed_from"]].astype("object").fillna("")
        begun = dated.apply(lambda days: days.str.startswith(question.period)).any(axis=1)
        fits &= begun | is_in_force(acts, question.period, as_of).astype(bool)
    of_kind = fits & acts["action"].isin(set().union(*question.kinds.values()))
    if question.kinds and fits.any() and not of_kind.any():
        question.notes.append(f"no event that fits is '{' '.join(question.kinds)}'; showing all")
    return list(acts.loc[of_kind if of_kind.any() else fits, "restriction_id"])


def _fits_names(row: Mapping[str, str], question: Question, vocabulary: Vocabulary) -> bool:
    """Return whether a restriction is in one of the areas, of all services, and has all words."""
    act = row["restriction_id"]
    areas = question.list_values("area")
    inside = {*re.split("[;>]", row["country_paths"]), *row["country_id"].split(";")}
    if areas and inside.isdisjoint(areas):
        return False
    if not vocabulary.services.get(act, set()).issuperset(question.list_values("service")):
        return False
    return all(_has_word(vocabulary.words[act], word) for word in question.list_values("word"))


def _has_word(words: Iterable[str], term: str) -> bool:
    return term in words or (
        len(term) >= SHORTEST_PREFIX and any(word.startswith(term) for word in words)
    )


def has_register(acts: pd.DataFrame) -> bool:
    """Return whether restrictions are from Access Now's register."""
    return bool(acts["source_id"].astype("str").str.startswith("access-now-stop").any())


def describe_cover(acts: pd.DataFrame) -> str:
    """Return what a version covers, and the command that adds more."""
    countries = {code for cell in acts["country_id"] for code in cell.split(";")}
    cover = f"this version has {len(acts)} events of {len(countries)} countries"
    if has_register(acts):
        return f"{cover}, with Access Now's register; audience-impact add restriction adds one"
    return (
        f"{cover}, entered by hand; audience-impact import stop adds Access Now's register of "
        "shutdowns"
    )

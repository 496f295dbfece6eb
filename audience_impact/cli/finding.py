"""Search by typed words: what a question names, and the restrictions on record that fit it.

Method. `Vocabulary` has what words may name: countries and regions in many languages, services,
and the words of the records. `read_question` takes each word of a question for the longest name
that it begins, else for a filler, a shutdown, a word of a record or the beginning of one, and only
then for a misspelt name of a kind that is not named yet; it notes every guess. `match_restrictions`
selects the restrictions that fit: `nigera twiter` fits NG-2021-06-05-twitter. Places, services and
the period always hold; any other word that would leave nothing is ignored, and noted.

Known drawbacks. A month is read beside a year alone. A place below the country is found by names
that a record of the version has for it or for the place that contains it.
"""

from __future__ import annotations

import calendar
import difflib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from audience_impact.answers import names
from audience_impact.answers.names import SHARED_NAMES, make_key
from audience_impact.answers.numbers import day_in_words
from audience_impact.answers.records import END, is_in_force, plain_rows, write_end
from audience_impact.vocabulary import WHOLE_INTERNET, WORLD, Action, EndStatus, write_word

if TYPE_CHECKING:  # an answer for a restriction is made without pandas
    import pandas as pd

DESCRIBING = ("occasion", "network_scope", "end_status")
"""Columns whose words say how a restriction was, and not where or of what."""
ON_RECORD = (
    *("restriction_id", "area_names", "country_ids", "place_names", "platform_names"),
    *("observed_from", "observed_by"),
)
FILLERS = names.read_names("filler").keys()
"""Words of a question that narrow nothing."""
SHUTDOWNS = names.read_names("shutdown").keys()
"""Words for restrictions of the whole internet; they narrow where such a one is on record."""
SHUTDOWN = "shutdown"
MEANINGS = names.read_names("word")
"""Words that records say in another one."""
CODE = re.compile(r"[A-Z]{2}|\d{3}")
PERIOD = re.compile(r"(?<![^\W_])((?:19|20)\d\d(?:-(?:0[1-9]|1[0-2]))?)(?![^\W_])")
MONTHS = [name.casefold() for name in calendar.month_name[1:]]
ENGLISH_MONTHS = {
    text: number for number, name in enumerate(MONTHS, 1) for text in (name, name[:3])
}
LONGEST_NAME, SHORTEST_PREFIX, SHORTEST_GUESS = 6, 3, 6
NEAR, MOST_LETTERS = 0.83, 2
"""Least similarity (difflib) of a word and the name that it is taken for: one letter of six may
differ; and the largest difference of their lengths, in letters."""


@dataclass(frozen=True)
class Name:
    """The meaning of a name: an `area` (code), `service` (id), `word` of records, or a SHUTDOWN."""

    kind: str
    value: str
    text: str


@dataclass
class Question:
    """The meaning of typed words.

    No record has the words that are `unread`; none that fits the rest has those that are `ignored`.
    `guesses` has what each misspelt word is read as.
    """

    period: str | None = None
    names: list[Name] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    asks_countries: bool = False
    guesses: dict[str, str] = field(default_factory=dict)

    @property
    def notes(self) -> list[str]:
        """Return each word that is read as another or ignored, in words."""
        notes = [f"'{word}' is read as {name}." for word, name in self.guesses.items()]
        if words := [f"'{word}'" for word in (*self.unread, *self.ignored)]:
            which = "this word" if len(words) == 1 else "these words"
            ignored = names.join_names(words)
            notes.append(f"Ignored {ignored}: no matching event is recorded with {which}.")
        return notes

    def ignore(self, value: str) -> None:
        """Take back what is named by this value."""
        self.ignored += [name.text for name in self.names if name.value == value]
        self.names = [name for name in self.names if name.value != value]

    @property
    def has_shutdowns(self) -> bool:
        """Return whether shutdowns of the whole internet are asked for."""
        return bool(self.list_values(SHUTDOWN))

    def list_values(self, kind: str) -> list[str]:
        """Return what is named of a kind, each once, in the order of the words."""
        return list(dict.fromkeys(name.value for name in self.names if name.kind == kind))

    @property
    def is_precise(self) -> bool:
        """Return whether what is ignored leaves no doubt that a single restriction is asked for."""
        if self.list_values("area") and self.list_values("service"):
            return True
        return not self.unread and (self.has_shutdowns or not self.ignored)

    @property
    def area(self) -> str | None:
        """Return the area if nothing narrower is named; the world if a period or kind alone is."""
        named = {name.value for name in self.names if name.kind != SHUTDOWN}
        if not named and not self.unread and (self.period or self.names):
            return WORLD
        areas = self.list_values("area")
        return areas[0] if len(areas) == 1 and named == set(areas) else None


class Vocabulary:
    """The names in a version, from its tables `restrictions` and `impact_by_platform`."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        acts = tables["restrictions"]
        self.acts, self.services = acts, dict[str, set[str]]()
        self.titles = dict[str, str]()
        columns = ["restriction_id", "platform_id", "platform_name"]
        self.service_names = {make_key(name): service for name, service in names.NICKNAMES.items()}
        for act, service, name in tables["impact_by_platform"][columns].dropna().to_numpy():
            self.services.setdefault(act, set()).add(service)
            if service != WHOLE_INTERNET:
                self.service_names |= {make_key(text): service for text in (service, name)}
                self.titles[service] = name

    @cached_property
    def words(self) -> dict[str, set[str]]:
        """Return the words by which a search finds each restriction, by id."""
        from audience_impact.populations import read_area_names  # which imports pandas

        places = read_area_names(self.acts)
        columns = [*ON_RECORD, "area_ids", "action", *DESCRIBING]
        texts = self.acts.reindex(columns=columns).astype("object")
        rows = texts.where(texts.notna(), "").astype("str").to_dict(orient="records")
        return {row["restriction_id"]: _list_record_words(row, places) for row in rows}

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

    def guess_name(self, key: str, kinds: Sequence[str]) -> Name | None:
        """Return what a misspelt word most probably stands for, of the first kinds; else None.

        It begins as the name does, and is at most two letters longer or shorter.
        """
        if len(key) < SHORTEST_GUESS:
            return None
        alike = [
            text
            for text in sorted({*self.all_names, *self.record_words})
            if text[:1] == key[:1] and abs(len(text) - len(key)) <= MOST_LETTERS
        ]
        near = difflib.get_close_matches(key, alike, n=5, cutoff=NEAR)
        guesses = [self.all_names.get(text) or Name("word", text, text) for text in near]
        fitting = (name for kind in kinds for name in guesses if name.kind == kind)
        return next(fitting, None)


def _name_areas(spellings: Iterable[tuple[str, str]]) -> dict[str, Name]:
    codes: dict[str, str] = {}
    for text, code in spellings:
        codes.setdefault(make_key(text), code)
    return {
        key: Name("area", code, names.name_area(code))
        for key, code in codes.items()
        if key and key not in SHARED_NAMES
    }


def _list_record_words(row: Mapping[str, str], places: Mapping[str, str]) -> set[str]:
    chains = [area.split("/") for area in row["area_ids"].split(";")]
    around = {"/".join(chain[:depth]) for chain in chains for depth in range(1, len(chain) + 1)}
    countries = [names.area_in_words(code, code) for code in row["country_ids"].split(";")]
    actions = {write_word(Action(row["action"]), form) for form in ("verb", "noun")}
    actions -= {"restriction"}  # which all are
    texts = [*(row[name] for name in ON_RECORD), *countries, *actions]
    texts += [places.get(area, "") for area in sorted(around)]
    texts += [form for name in DESCRIBING for form in _list_forms(row[name])]
    month = row["observed_from"][:7] if row["observed_from"][:7] == row["observed_by"][:7] else ""
    texts += [name for number, name in enumerate(MONTHS, 1) if f"{number:02}" == month[5:]]
    return {make_key(word) for word in _split_words(" ".join(texts).replace("_", " "))}


def _list_forms(text: str) -> list[str]:
    singulars = [word.removesuffix("s") for word in text.split()]
    return [*singulars, *(f"{word}s" for word in singulars)]


def _split_words(text: str) -> list[str]:
    plain = re.sub(r"['\u2019]s\b", "", text)
    return [word for word in re.split(r"[\s,;:!?()\"/-]+", plain) if make_key(word)]


def is_like_id(words: str) -> bool:
    """Return whether words are written as ids are: in one, with letters and digits."""
    return bool(re.fullmatch(r"(?=.*\d)(?=.*[A-Za-z])\S+", words.strip()))


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
    question = Question(asks_countries=bool(re.search(r"(?i)\b(which|what) countr", text)))
    tokens = _split_words(_read_period(text, question, vocabulary))
    exact = _read_names(tokens, vocabulary, Question(), ())
    named = {name.kind for name in exact.names}
    guessed = [kind for kind in ("area", "service") if kind not in named]
    return _read_names(tokens, vocabulary, question, (*guessed, "word"))


def _read_names(
    tokens: list[str], vocabulary: Vocabulary, question: Question, guessed: Sequence[str]
) -> Question:
    shouted = " ".join(tokens).isupper() and any(len(token) > len("IN") for token in tokens)
    while tokens:
        length = _read_name(tokens, vocabulary, question, shouted)
        length = length or _guess_name(tokens, vocabulary, question, guessed)
        tokens = tokens[length:]
    return question


def _read_period(text: str, question: Question, vocabulary: Vocabulary) -> str:
    """Take the period from a text; return what remains of the text."""
    match = PERIOD.search(text)
    if match is None:
        return text
    question.period = match[1]
    words = f"{text[: match.start()]} {text[match.end() :]}".split()
    if len(match[1]) == len("2023"):
        for place, word in enumerate(words):
            if number := _number_month(make_key(word), vocabulary):
                question.period = f"{match[1]}-{number:02}"
                del words[place]
                break
    return " ".join(words)


def _number_month(key: str, vocabulary: Vocabulary) -> int | None:
    """Return the number of the month with this name; None for any other word.

    Foreign names take a fifth of a second to read, and are read for words that mean nothing else.
    """
    is_named = len(key) > len("SDN") and key in vocabulary.names  # codes may be months as well
    if key in ENGLISH_MONTHS or key in FILLERS or key in SHUTDOWNS or is_named:
        return ENGLISH_MONTHS.get(key)
    return _number_foreign_months().get(key)


@cache
def _number_foreign_months() -> dict[str, int]:
    """Return the number of each month by its name; a name of two months is left out."""
    numbers: dict[str, set[int]] = {}
    for name, number in names.list_month_names():
        numbers.setdefault(make_key(name), set()).add(number)
    return {name: min(several) for name, several in numbers.items() if len(several) == 1}


def _read_name(tokens: list[str], vocabulary: Vocabulary, question: Question, shouted: bool) -> int:
    """Read the name that the words begin with; return its number of words, 0 for none."""
    first = make_key(tokens[0])
    is_code = len(first) == len("IN") and tokens[0].isupper() and not shouted
    if first in FILLERS and not is_code:
        return 1
    if length := _read_longest(tokens, vocabulary.names, question):
        return length
    if first in SHUTDOWNS:
        question.names.append(Name(SHUTDOWN, SHUTDOWN, tokens[0]))
        return 1
    first = MEANINGS.get(first, first)
    if first not in vocabulary.record_words and first not in SHARED_NAMES:
        if length := _read_longest(tokens, vocabulary.all_names, question):
            return length
        if not (len(first) >= SHORTEST_PREFIX and _has_word(vocabulary.record_words, first)):
            return 0
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


def _guess_name(
    tokens: list[str], vocabulary: Vocabulary, question: Question, kinds: Sequence[str]
) -> int:
    """Read a misspelt name of two words or one, or an unknown word; return its number of words."""
    for length in (2, 1):
        words = tokens[:length]
        name = vocabulary.guess_name("".join(map(make_key, words)), kinds)
        if len(words) == length and name and (length == 1 or name.kind != "word"):
            question.names.append(name)
            question.guesses[" ".join(words)] = name.text
            return length
    question.unread.append(tokens[0])
    return 1


def match_restrictions(question: Question, vocabulary: Vocabulary) -> list[str]:
    """Return the ids of the restrictions that fit a question, in the order of the table.

    Without an area, a word may be a place, and only words that describe are ignored.
    """
    is_placed = bool(question.list_values("area"))
    is_answerable = is_placed or question.list_values("service") or not question.unread
    if not (is_answerable and (question.names or question.area)):
        return []
    acts, fits = vocabulary.acts, _mark_fitting(question, vocabulary)
    ids = acts["restriction_id"]
    of_services = ids.map(lambda act: vocabulary.services.get(act, set()))
    shutdowns = of_services.map(lambda services: WHOLE_INTERNET in services)
    values = question.list_values("word")
    cells = acts.reindex(columns=DESCRIBING).astype("object").fillna("").to_numpy().ravel()
    forms = {form for text in set(cells) for form in _list_forms(text)}
    how = {make_key(word) for word in (*forms, *(write_word(action, "verb") for action in Action))}
    describing = [value for value in values if value in how]
    placing = [value for value in values if value not in describing]
    for value in (*placing, *question.list_values(SHUTDOWN), *describing):
        fitting = shutdowns
        if value in values:
            fitting = ids.map(vocabulary.words).map(partial(_has_word, term=value))
        having = fits & fitting.astype(bool)
        if having.any() or not fits.any() or (value in placing and not is_placed):
            fits = having
        else:
            question.ignore(value)
    return list(ids[fits])


def _mark_fitting(question: Question, vocabulary: Vocabulary) -> pd.Series[bool]:
    acts = vocabulary.acts
    areas, services = question.list_values("area"), question.list_values("service")
    columns = ["restriction_id", "country_paths", "country_ids"]
    marks = [
        (not areas or not {*re.split("[;>]", paths), *countries.split(";")}.isdisjoint(areas))
        and vocabulary.services.get(act, set()).issuperset(services)
        for act, paths, countries in acts[columns].to_numpy()
    ]
    fits = acts["restriction_id"].notna() & np.array(marks, bool)
    if question.period and fits.any():
        as_of = datetime.fromisoformat(str(acts["as_of"].max()))
        announced, first, last = (
            acts[name].astype("str").str.startswith(question.period, na=False)
            for name in ("announced_on", "observed_from", "observed_by")
        )
        begun = announced | (first & last)
        in_force = is_in_force(acts, question.period, as_of).astype(bool)
        if "-" in question.period:  # an event whose end is not recorded is of its first month
            is_open = ["/" in (write_end(row) or "") for row in plain_rows(acts[[*END]])]
            in_force &= ~(np.array(is_open) | acts["end_status"].eq(EndStatus.UNKNOWN.value))
        fits &= begun | in_force
    return fits


def _has_word(words: Iterable[str], term: str) -> bool:
    return term in words or (
        len(term) >= SHORTEST_PREFIX and any(word.startswith(term) for word in words)
    )


def has_register(acts: pd.DataFrame) -> bool:
    """Return whether restrictions are from Access Now's register."""
    return bool(acts["source_id"].astype("str").str.startswith("access-now-stop").any())


def describe_gap(question: Question, vocabulary: Vocabulary) -> str:
    """Return that no restriction fits a question, and what the version covers."""
    areas = [names.area_in_words(code, code) for code in question.list_values("area")]
    services = question.list_values("service")
    words = [] if areas else question.unread or question.list_values("word")
    parts = [vocabulary.titles.get(service, service) for service in services]
    parts += [f"'{word}'" for word in words]
    texts = [f"for {names.join_names(parts)}"] * bool(parts)
    texts += [f"{'in' if parts else 'for'} {names.join_names(areas)}"] * bool(areas)
    texts += [f"in {day_in_words(question.period)}"] if question.period else []
    ever = replace(question, period=None, ignored=[])
    others = match_restrictions(ever, vocabulary)
    years = f" {len(others)} in other years." if question.period and others else ""
    return f"No events {' '.join(texts)}.{years} {describe_cover(vocabulary.acts)}"


def describe_cover(acts: pd.DataFrame) -> str:
    """Return what a version covers, and the command that adds more."""
    countries = {code for cell in acts["country_ids"] for code in cell.split(";")}
    cover = (
        f"This edition holds {len(acts):,} events in {len(countries)} countries, collected up to "
        f"{day_in_words(str(acts['as_of'].max())[:10])}"
    )
    if has_register(acts):
        return f"{cover}."
    return f"{cover}; audience-impact import stop adds Access Now's register of shutdowns."

"""Questions whose answers become cells: asked on a terminal, or answered by options.

A question is both an option of the command and a prompt; questions.csv lists them. The contract of
the column that it fills says how an answer is read, which words are allowed and whether one is
required. Earlier answers decide which questions apply: nothing more is asked about a page on
record.

    is_asked   whether a prompt asks for an answer that may be blank
    adds       the question whose answer allows adding a name that is not on record
    applies    when the question applies: on a `new_page`, or if another question is answered
    must       when an answer is required: as `applies`; if none of some questions is answered
               (`not`); never (`no`); blank: where the column may not be blank

Names are looked up among the facts on record: countries, services, series and pages.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pandas as pd

from audience_impact import periods
from audience_impact import vocabulary as words
from audience_impact.facts.tables import Tables
from audience_impact.plain_text import ReadableError, fold_name, strip_accents, strip_blanks
from audience_impact.populations import is_region
from audience_impact.registers.countries import country_code
from audience_impact.registers.register import Catalogue, build_catalogue
from schemas import facts

TIMES = {"thousand": 3, "million": 6, "billion": 9, "k": 3, "m": 6, "bn": 9}
AMOUNT = re.compile(
    r"^(\d+|\d{1,3}(?:[ ,_\u00a0\u202f]\d{3})+)(\.\d+)?\s*(thousand|million|billion|k|m|bn|%)?$",
    re.IGNORECASE | re.ASCII,
)
MOST_LISTED, MOST_NEAR = 5, 3
SAME_NAME = 0.9
"""Similarity of two names (difflib) from which one is taken for a slip of the other."""
CAMPAIGN = re.compile(r"^(utm_\w+|fbclid|gclid)=")
"""Parts of an address that record the origin of a visit and nothing about the page."""
HOST_WORDS = {"www", "m", "co", "com", "org", "net", "gov", "edu", "ac"}
"""Parts of a host name that do not name the publisher."""
NOBODY = "not stated"
"""Answer for a page that names no measurer."""
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
ROW_EACH = "restriction_targets"
"""Table in which each of several answers is a row."""
SEVERITY: dict[str, str] = {
    words.Action.NETWORK_SHUTDOWN: words.Severity.NETWORK_UNAVAILABLE,
    words.Action.THROTTLE: words.Severity.SERVICE_IMPAIRED,
    words.Action.DEGRADE: words.Severity.SERVICE_IMPAIRED,
    words.Action.LEGAL_BAN_ONLY: words.Severity.NONE,
}


class WrongAnswerError(ReadableError):
    """An invalid answer; the message is one line."""


class NotOnRecordError(WrongAnswerError):
    """An answer names nothing on record; the message suggests similar names."""


class MissingError(ValueError):
    """Required options are missing, and the command cannot ask for them on a terminal."""


def make_slug(text: str) -> str:
    """Return a name as part of an id: plain lower-case letters and digits, joined by dashes."""
    return re.sub(r"[^a-z0-9]+", "-", strip_accents(text).casefold()).strip("-")


def normalise_address(url: str) -> str:
    """Return an address without scheme, www, fragment, campaign and last slash, if it is one."""
    try:
        parts = urlsplit(unquote(url.strip()))
    except ValueError:  # brackets that contain no address of a host
        return url
    parameters = [part for part in parts.query.split("&") if part and not CAMPAIGN.match(part)]
    host = parts.netloc.casefold().removeprefix("www.")
    return f"{host}{parts.path.rstrip('/')}{'?' if parameters else ''}{'&'.join(parameters)}"


def choose_publisher_word(url: str, publisher: str) -> str:
    """Return the first word of a source's id, from its host or else from its publisher."""
    host = urlsplit(url).netloc.casefold().split(":")[0].split(".")[:-1]
    names = [part for part in host if part not in HOST_WORDS]
    return make_slug(names[-1] if names else publisher) or "source"


def suggest_names(text: str, names: Iterable[str]) -> str:
    """Return the end of a message that suggests similar names, or a blank text."""
    names_by_fold = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(text.casefold(), names_by_fold, MOST_NEAR, 0.6)
    return f"; did you mean {' or '.join(names_by_fold[name] for name in close)}?" if close else ""


@dataclass(frozen=True)
class FactRecords:
    """The facts of all layers as text, with lookups by name that raise NotOnRecordError."""

    tables: Tables

    def list_ids(self, table: str, column: str) -> set[str]:
        """Return the values of an id column."""
        return set(self.tables[table][column])

    def find_area(self, text: str) -> str:
        """Return the id of a country by any of its names or codes, or of a place by its id."""
        areas = self.tables["areas"]
        countries = areas[areas["level"].eq("") & ~areas["area_id"].str.isdigit()]
        named = self._area_names.get(fold_name(text), [])
        for code in (text, text.upper(), country_code(text)):
            if code in set(areas["area_id"]):
                others = countries.loc[
                    ~countries["area_id"].isin([text, text.upper(), code]), "name"
                ]
                # A pattern for Niger fits "Nigera" as well.
                if named or not difflib.get_close_matches(
                    fold_name(text), others.map(fold_name), 1, SAME_NAME
                ):
                    return code
        return choose_only(text, named, "area", "areas are called", countries["name"])

    @cached_property
    def _area_names(self) -> dict[str, list[str]]:
        ids_by_name: dict[str, list[str]] = {}
        for area_id, name, aliases in self.tables["areas"][["area_id", "name", "aliases"]].values:
            for label in {fold_name(cell) for cell in (name, *aliases.split(";")) if cell}:
                ids_by_name.setdefault(label, []).append(area_id)
        return ids_by_name

    @cached_property
    def _platform_catalogue(self) -> Catalogue:
        return build_catalogue(self.tables["platforms"].to_dict("records"))

    def find_platform(self, text: str) -> str:
        """Return the id of a service from an id, name or alias; `*` is the whole internet."""
        platforms = self.tables["platforms"]
        ids = set(platforms["platform_id"])
        if match := text if text in ids else self._platform_catalogue.find_id(text):
            return match
        names = [*platforms["platform_id"], *platforms["name"]]
        raise NotOnRecordError(f"{text} is no platform on record{suggest_names(text, names)}")

    def find_series(self, text: str) -> str:
        """Return the id of a measuring programme from its id or its measurer; blank for NOBODY."""
        if fold_name(text) == NOBODY:
            return ""
        lineages = self.tables["lineages"]
        ids, measurers = lineages["measurement_series_id"], lineages["measurer"]
        is_named = ids.eq(text) if text in set(ids) else measurers.map(fold_name) == fold_name(text)
        names = [*ids, *measurers]
        return choose_only(text, [*ids[is_named]], "measurer", "programmes measure for", names)

    def find_source(self, raw_answer: str) -> Mapping[str, str] | None:
        """Return the source row of a page by its address or id; None for a new page."""
        sources = self.tables["sources"]
        is_page = sources["source_id"] == raw_answer
        is_page |= self._page_addresses == normalise_address(raw_answer)
        rows = sources[is_page].astype("str").to_dict("records")
        return {str(name): cell for name, cell in rows[0].items()} if rows else None

    @cached_property
    def _page_addresses(self) -> "pd.Series[str]":
        return self.tables["sources"]["url"].map(normalise_address).replace("", " ")


def choose_only(
    text: str, ids: Sequence[str], what: str, several: str, names: Iterable[str]
) -> str:
    """Return the only id; raise NotOnRecordError where there is none, or several."""
    if len(ids) == 1:
        return ids[0]
    if ids:
        listed = ", ".join(ids[:MOST_LISTED])
        raise NotOnRecordError(f"several {several} {text}: give one of {listed}")
    raise NotOnRecordError(f"{text} is no {what} on record{suggest_names(text, names)}")


class Answers(dict[str, str]):
    """Cells by question, with the facts on record; `raw_answers` are the texts as entered."""

    def __init__(self, records: FactRecords) -> None:
        super().__init__()
        self.records, self.raw_answers = records, dict[str, str]()

    def find_page(self) -> Mapping[str, str] | None:
        """Return the source row of the page, or None for a page that is not on record."""
        raw_answer = self.get("source") or self.get("url")
        return self.records.find_source(raw_answer) if raw_answer else None


Reader = Callable[[str, Answers], str]


class Question(NamedTuple):
    """A question, as an option and as a prompt; `fills` is the column of its answer."""

    name: str
    asks: str
    fills: facts.Column | None
    is_asked: bool = False
    adds: str = ""
    applies_if: str = ""
    must_if: str = ""

    @property
    def option_name(self) -> str:
        """Return the option of the command, such as --source-note."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def choices(self) -> Sequence[str]:
        """Return the permitted words, if there are only a few."""
        return self.fills.list_cell_rules().get("word", ()) if self.fills else ()

    @property
    def many(self) -> bool:
        """Return whether several answers are allowed, joined by semicolons."""
        about = self.fills
        return about is not None and (about.kind == "references" or about.table == ROW_EACH)

    def applies(self, answers: Answers) -> bool:
        """Return whether the question applies after the answers so far."""
        return not self.applies_if or _holds(self.applies_if, answers)

    def must(self, answers: Answers) -> bool:
        """Return whether an answer is required."""
        if self.must_if:
            return _holds(self.must_if, answers)
        return self.fills is not None and not self.fills.may_be and self.applies(answers)

    def read_cell(self, raw_answer: str, answers: Answers) -> str:
        """Return the cell for an answer, its parts read and sorted; or raise WrongAnswerError."""
        parts = raw_answer.split(";") if self.many else [raw_answer]
        parts = [strip_blanks(part) for part in parts]
        if any(map(CONTROL.search, parts)):
            raise WrongAnswerError(
                "contains a line break or another control character: write one line"
            )
        if self.choices:
            return ";".join(sorted({_read_word(part, self.choices) for part in parts}))
        about = (self.fills.of, self.fills.group) if self.fills else (self.name,)
        read = next((READERS[key] for key in about if key in READERS), None)
        return ";".join(sorted({read(part, answers) if read else part for part in parts}))


def _holds(condition: str, answers: Answers) -> bool:
    """Return whether a question is answered, none of several (`not`), or the page is new."""
    if condition == "new_page":
        return answers.find_page() is None
    first, *others = condition.split()
    return answers.keys().isdisjoint(others) if first == "not" else first in answers


def list_questions(parts: Sequence[str], table: str, made: Sequence[str]) -> list[Question]:
    """Return the questions of some parts, and of the other columns of a table.

    `made` are the columns of the table that the command fills by itself.
    """
    listed = words.read_table(Path(__file__).with_suffix(".csv"))
    rows = [row for row in listed if row["part"] in parts]
    questions = [
        Question(
            row["name"],
            row["asks"],
            facts.COLUMNS.get(row["table"], {}).get(row["column"]),
            bool(row["is_asked"]),
            *(row[name] for name in ("adds", "applies", "must")),
        )
        for row in rows
    ]
    filled = {row["column"] for row in rows if row["table"] == table} | set(made)
    return questions + [
        Question(name, about.meaning or f"Column {name} of {table}.csv", about)
        for name, about in facts.COLUMNS[table].items()
        if name not in filled
    ]


def fill_row(table: str, questions: Sequence[Question], answers: Answers) -> dict[str, str]:
    """Return the cells of a row of a table that the answers give, by column."""
    return {
        question.fills.column: answers.get(question.name, "")
        for question in questions
        if question.fills and question.fills.table == table
    }


def _read_word(raw_answer: str, words: Sequence[str]) -> str:
    """Return a word of a vocabulary, also with spaces, dashes or capitals."""
    words_by_fold = {word.casefold(): word for word in words}
    word = words_by_fold.get(re.sub(r"[\s-]+", "_", raw_answer.casefold()))
    if word is None:
        near = suggest_names(raw_answer, words) or f": one of {', '.join(words)}"
        raise NotOnRecordError(f"{raw_answer!r} is none of the words{near}")
    return word


def _read_period(raw_answer: str, answers: Answers) -> str:
    if periods.parse_period(raw_answer) is None:
        raise WrongAnswerError(
            f"{raw_answer!r} is no date: write 2025, 2025-Q3, 2025-07, 2025-07-13, or two joined "
            "by /"
        )
    return raw_answer


def _read_web_address(raw_answer: str, answers: Answers) -> str:
    if not re.match(r"^https?://[^\s/\[\]]+\.\S+$", raw_answer):
        raise WrongAnswerError(f"{raw_answer!r} is no complete address: begin it with https://")
    return raw_answer


def read_amount(raw_answer: str, answers: Answers) -> str:
    """Return a number in digits, or raise WrongAnswerError: 96 million is 96000000, 37 % 0.37."""
    match = AMOUNT.match(raw_answer)
    if not match:
        raise WrongAnswerError(
            f"{raw_answer!r} is no number: write 96000000, 96 million, 0.37 or 37 %"
        )
    digits, fraction, unit = match[1], match[2] or "", (match[3] or "").casefold()
    number = Decimal(re.sub(r"\D", "", digits) + fraction)
    plain = f"{number.scaleb(-2 if unit == '%' else TIMES.get(unit, 0)):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _read_source(raw_answer: str, answers: Answers) -> str:
    row = answers.records.find_source(raw_answer)
    if row is None:
        raise NotOnRecordError(f"{raw_answer} is no source on record; give its address with --url")
    return row["source_id"]


def _read_name(find: Callable[[FactRecords, str], str], adds: str) -> Reader:
    """Return a reader of ids by name; a new name gets an id if its kind was answered."""

    def read(raw_answer: str, answers: Answers) -> str:
        try:
            return find(answers.records, raw_answer)
        except NotOnRecordError:
            if adds in answers and make_slug(raw_answer):
                return make_slug(raw_answer)
            raise

    return read


READERS: dict[str, Reader] = {
    "source": _read_source,
    "measured_by": _read_name(FactRecords.find_series, "new_measurer"),
    "areas": lambda raw_answer, answers: answers.records.find_area(raw_answer),
    "platforms": _read_name(FactRecords.find_platform, "new_platform"),
    "web_address": _read_web_address,
    "period": _read_period,
    "number": read_amount,
}
"""How answers become cells or raise WrongAnswerError, by what a cell is of or its kind, or by a
question without a column."""


def _choose_unit(answers: Answers) -> str:
    metric = answers.get("metric", "")
    if metric in (words.AudienceMetric.REGISTERED, words.AudienceMetric.INSTALLS):
        return ""
    if metric == words.AudienceMetric.AD_AUDIENCE:
        return words.Unit.IDENTITIES.value
    share = answers.raw_answers.get("value", "").rstrip().endswith("%")
    return words.Unit.SHARE.value if share else words.Unit.PERSONS.value


def choose_start(answers: Answers) -> str:
    """Return the day on which access changed, else that of the announcement."""
    return answers.get("observed_from") or answers.get("announced_on", "")


def choose_severity(action: str, features: str) -> str:
    """Return the severity of an action against some features, joined by `;`; blank if unclear."""
    if action == words.Action.BLOCK:
        is_whole = features == words.Feature.WHOLE_SERVICE
        severity = words.Severity
        return severity.SERVICE_UNAVAILABLE if is_whole else severity.FEATURE_UNAVAILABLE
    return SEVERITY.get(action, "")


def choose_scope(areas: Sequence[str]) -> str:
    """Return how far a restriction of some areas reaches."""
    if not any(is_region(area) for area in areas):
        return words.GeoScope.NATIONAL.value
    return (words.GeoScope.REGION if len(areas) == 1 else words.GeoScope.MULTI_REGION).value


DEFAULTS: dict[str, Callable[[Answers], str]] = {
    "source_type": lambda answers: words.SourceType.PRESS_RELAY.value,
    "accessed_on": lambda answers: datetime.now(UTC).date().isoformat(),
    "unit": _choose_unit,
    "interval_kind": lambda answers: (
        words.IntervalKind.MIN_MAX if {"low", "high"} & {*answers} else words.IntervalKind.NONE
    ),
    "feature": lambda answers: words.Feature.WHOLE_SERVICE.value,
    "end_status": lambda answers: words.EndStatus.ENDED.value * bool(answers.get("ended_on")),
    "severity": lambda answers: choose_severity(
        answers.get("action", ""), answers.get("feature", "")
    ),
    "scope": lambda answers: choose_scope(answers.get("area", "").split(";")),
    "networks": lambda answers: (
        words.NetworkScope.ALL.value
        * (words.WHOLE_INTERNET not in answers.get("platform", "").split(";"))
    ),
    "precision": lambda answers: (
        words.StartPrecision.ACTUAL
        if len(choose_start(answers)) == len("2025-07-13")
        else words.StartPrecision.ESTIMATED
    ),
}
"""The answer to use where a required one is missing, by question."""
Asker = Callable[[Question, str, Answers], str]
"""Asks a person, given a question, a default and the answers so far; returns a readable answer."""


def collect_answers(
    questions: Sequence[Question],
    options: Mapping[str, str],
    records: FactRecords,
    ask: Asker | None = None,
) -> Answers:
    """Return all answers, from options and, where required ones are missing, from a person.

    `ask` is None where nobody can be asked. Raises MissingError naming the options to give, or
    WrongAnswerError.
    """
    for asker in (None, ask):
        answers, missing = Answers(records), list[str]()
        for question in questions:
            raw_answer, must = options.get(question.name, ""), question.must(answers)
            choose_default = DEFAULTS.get(question.name) if must else None
            default = choose_default(answers) if choose_default else ""
            asks = must or (question.is_asked and question.applies(answers))
            if not raw_answer and asker and asks:
                raw_answer = asker(question, default, answers)
            if raw_answer := raw_answer or default:
                _take_answer(answers, question, raw_answer)
            elif must and not asker:
                missing.append(question.option_name)
        if not missing:
            return answers
    raise MissingError(f"give {', '.join(missing)}, or answer on a terminal")


def _take_answer(answers: Answers, question: Question, raw_answer: str) -> None:
    answers.raw_answers[question.name] = raw_answer
    try:
        answers[question.name] = question.read_cell(raw_answer, answers)
    except WrongAnswerError as error:
        more = f" (to add it: --{question.adds.replace('_', '-')})" if question.adds else ""
        raise WrongAnswerError(f"{question.option_name}: {error}{more}") from error

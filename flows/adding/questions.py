"""Questions whose answers become cells: asked on a terminal, or answered by options.

A question is both an option of the command and a prompt; questions.csv lists them. The contract of
the column that it fills says how an answer is read, which words are allowed and whether one is
required. Earlier answers decide which questions apply: nothing more is asked about a page on
record.
"""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from audience_impact import periods
from audience_impact.plain_text import strip_blanks
from flows.adding.records import FactRecords, NotOnRecordError, suggest_names
from schemas import facts

TIMES = {"thousand": 3, "million": 6, "billion": 9, "k": 3, "m": 6, "bn": 9}
AMOUNT = re.compile(
    r"^(\d+|\d{1,3}(?:[ ,_\u00a0\u202f]\d{3})+)(\.\d+)?\s*(thousand|million|billion|k|m|bn|%)?$",
    re.IGNORECASE | re.ASCII,
)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
ROW_EACH = "restriction_targets"
"""Table in which each of several answers is a row."""


class Answers(dict[str, str]):
    """Cells by question, with the facts on record; `raw_answers` are the texts as entered."""

    def __init__(self, records: FactRecords) -> None:
        super().__init__()
        self.records, self.raw_answers = records, dict[str, str]()


Condition = Callable[[Answers], bool]
Reader = Callable[[str, Answers], str]


class WrongAnswerError(ValueError):
    """An invalid answer; the message is one line."""


class MissingError(ValueError):
    """Required options are missing, and the command cannot ask for them on a terminal."""


@dataclass(frozen=True)
class Rules:
    """What the contracts do not say of questions, by the name of the question.

    Attributes:
        applies: Whether a question applies after the answers so far; by default it does.
        must: Whether an answer is required; by default where the column may not be blank.
        defaults: The answer to use where a required one is missing.
        readers: Return the cell for an answer; raise NotOnRecordError or WrongAnswerError.
    """

    applies: Mapping[str, Condition]
    must: Mapping[str, Condition]
    defaults: Mapping[str, Callable[[Answers], str]]
    readers: Mapping[str, Reader]


@dataclass(frozen=True)
class Question:
    """A question, as an option of the command and as a prompt.

    Attributes:
        name: The key among the answers; the option is the same name with dashes.
        asks: The text of the prompt and of the option's help.
        fills: The column of a fact table that the answer fills.
        is_asked: Whether a prompt asks for an answer that may be blank.
        adds: The question whose answer allows adding a name that is not on record.
    """

    name: str
    asks: str
    fills: facts.Column | None
    is_asked: bool
    adds: str
    rules: Rules

    @property
    def option_name(self) -> str:
        """Return the option of the command, such as --source-note."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def prompt(self) -> str:
        """Return what it asks, with a capital."""
        return self.asks[:1].upper() + self.asks[1:]

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
        return self.name not in self.rules.applies or self.rules.applies[self.name](answers)

    def must(self, answers: Answers) -> bool:
        """Return whether an answer is required."""
        if self.name in self.rules.must:
            return self.rules.must[self.name](answers)
        return self.fills is not None and not self.fills.may_be and self.applies(answers)

    def read_cell(self, raw_answer: str, answers: Answers) -> str:
        """Return the cell for an answer; several parts are read one by one, sorted and joined.

        Raises NotOnRecordError or WrongAnswerError.
        """
        parts = raw_answer.split(";") if self.many else [raw_answer]
        parts = [strip_blanks(part) for part in parts]
        if any(map(CONTROL.search, parts)):
            raise WrongAnswerError(
                "contains a line break or another control character: write one line"
            )
        read = self.rules.readers.get(self.name) or self._choose_reader()
        return ";".join(sorted({read(part, answers) for part in parts}))

    def _choose_reader(self) -> Reader:
        readers: dict[str, Reader] = {
            "areas": lambda raw_answer, answers: answers.records.find_area(raw_answer),
            "platforms": lambda raw_answer, answers: answers.records.find_platform(raw_answer),
            "web_address": _read_web_address,
            "period": _read_period,
            "number": read_amount,
            "code": lambda raw_answer, answers: _read_word(raw_answer, self.choices),
        }
        of, group = (self.fills.of, self.fills.group) if self.fills else ("", "")
        return readers.get(of) or readers.get(group) or (lambda raw_answer, answers: raw_answer)


def list_questions(
    parts: Sequence[str], table: str, made: Sequence[str], rules: Rules
) -> list[Question]:
    """Return the questions of some parts, and of the other columns of a table.

    `made` are the columns of the table that the command fills by itself.
    """
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] in parts]
    questions = [
        Question(
            *(row["name"], row["asks"], facts.COLUMNS.get(row["table"], {}).get(row["column"])),
            *(bool(row["is_asked"]), row["adds"], rules),
        )
        for row in rows
    ]
    filled = {row["column"] for row in rows if row["table"] == table} | set(made)
    others = {name: about for name, about in facts.COLUMNS[table].items() if name not in filled}
    return questions + [
        Question(
            *(name, about.meaning or f"the column {name} of {table}.csv", about),
            *(False, "", Rules({}, {}, {}, {})),
        )
        for name, about in others.items()
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
    """Return a number in digits: 96 million is 96000000, 37 % is 0.37.

    Raises WrongAnswerError.
    """
    match = AMOUNT.match(raw_answer)
    if not match:
        raise WrongAnswerError(
            f"{raw_answer!r} is no number: write 96000000, 96 million, 0.37 or 37 %"
        )
    digits, fraction, unit = match[1], match[2] or "", (match[3] or "").casefold()
    number = Decimal(re.sub(r"\D", "", digits) + fraction)
    plain = f"{number.scaleb(-2 if unit == '%' else TIMES.get(unit, 0)):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


Asker = Callable[[Question, str, Answers], str]
"""Asks a person, given a question, a default and the answers so far; returns a readable answer."""


def collect_answers(
    questions: Sequence[Question],
    options: Mapping[str, str],
    records: FactRecords,
    ask: Asker | None = None,
) -> Answers:
    """Return all answers, from options and, where required ones are missing, from a person.

    Args:
        questions: in the order in which they are asked.
        options: the answers of the command line, by name of question.
        records: the facts on record.
        ask: asks a person; None where nobody can be asked.

    Raises MissingError naming the options to give, or WrongAnswerError.
    """
    answers, missing = _ask_questions(questions, options, records, None)
    if missing and ask:
        return _ask_questions(questions, options, records, ask)[0]
    if missing:
        raise MissingError(f"give {', '.join(missing)}, or answer on a terminal")
    return answers


def _ask_questions(
    questions: Sequence[Question],
    options: Mapping[str, str],
    records: FactRecords,
    ask: Asker | None,
) -> tuple[Answers, list[str]]:
    answers, missing = Answers(records), list[str]()
    for question in questions:
        raw_answer, must = options.get(question.name, ""), question.must(answers)
        choose_default = question.rules.defaults.get(question.name) if must else None
        default = choose_default(answers) if choose_default else ""
        if not raw_answer and ask and (must or (question.is_asked and question.applies(answers))):
            raw_answer = ask(question, default, answers)
        raw_answer = raw_answer or default
        if raw_answer:
            answers.raw_answers[question.name] = raw_answer
            try:
                answers[question.name] = question.read_cell(raw_answer, answers)
            except (NotOnRecordError, WrongAnswerError) as error:
                more = f" (to add it: --{question.adds.replace('_', '-')})" if question.adds else ""
                raise WrongAnswerError(f"{question.option_name}: {error}{more}") from error
        elif must and not ask:
            missing.append(question.option_name)
    return answers, missing

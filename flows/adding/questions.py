"""Questions whose answers become cells: asked on a terminal, or answered by options.

A question is both an option of the command and a prompt. The contract of the column that it fills
says how an answer is read, which words are allowed and whether one is required. Earlier answers
decide which questions apply: nothing more is asked about a page on record.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from audience_impact import blanks, periods
from flows.adding.records import FactRecords, NotOnRecordError, suggest_names
from schemas import facts

TIMES = {"thousand": 3, "million": 6, "billion": 9, "k": 3, "m": 6, "bn": 9}
AMOUNT = re.compile(
    r"^(\d+|\d{1,3}(?:[ ,_\u00a0\u202f]\d{3})+)(\.\d+)?\s*(thousand|million|billion|k|m|bn|%)?$",
    re.IGNORECASE | re.ASCII,
)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


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


def always_applies(answers: Answers) -> bool:
    """Return True: the question always applies."""
    return True


def never_applies(answers: Answers) -> bool:
    """Return False: the question is never asked, and only its option provides an answer."""
    return False


def _read_text(raw_answer: str, answers: Answers) -> str:
    return raw_answer


@dataclass(frozen=True)
class Question:
    """A question, as an option of the command and as a prompt.

    Attributes:
        name: The key among the answers; the option is the same name with dashes.
        asks: The text of the prompt and of the option's help.
        read: Returns the cell for an answer; raises NotOnRecordError or WrongAnswerError.
        must: Returns whether an answer is required.
        may: Returns whether a prompt asks for an optional answer, which may be blank.
        default: Returns the answer to use where a required one is missing.
        choices: The permitted words, if there are only a few.
        many: True if several answers are allowed, joined by semicolons.
        adds: The question whose answer allows adding a name that is not on record.
        table, column: The column of a fact table that the answer fills; blank for no column.
    """

    name: str
    asks: str
    read: Reader = _read_text
    must: Condition = never_applies
    may: Condition = never_applies
    default: Callable[[Answers], str] = lambda answers: ""
    choices: Sequence[str] = ()
    many: bool = False
    adds: str = ""
    table: str = ""
    column: str = ""

    @property
    def option_name(self) -> str:
        """Return the option of the command, such as --source-note."""
        return f"--{self.name.replace('_', '-')}"

    def read_cell(self, raw_answer: str, answers: Answers) -> str:
        """Return the cell for an answer; several parts are read one by one, sorted and joined.

        Raises NotOnRecordError or WrongAnswerError.
        """
        parts = raw_answer.split(";") if self.many else [raw_answer]
        if any(CONTROL.search(blanks.strip_blanks(part)) for part in parts):
            raise WrongAnswerError(
                "contains a line break or another control character: write one line"
            )
        cells = [self.read(blanks.strip_blanks(part), answers) for part in parts]
        return ";".join(sorted(set(cells))) if self.many else cells[0]


def ask_column(
    table: str,
    column: str,
    asks: str = "",
    name: str = "",
    when: Condition = always_applies,
    is_asked: bool = False,
    default: str | Callable[[Answers], str] = "",
    **settings: Any,
) -> Question:
    """Return the question that fills a column, as its contract says.

    It applies `when`; a column that may be blank is asked for with `is_asked` only. `settings` are
    attributes of the question that the contract does not know, or that differ.
    """
    about, rules = facts.COLUMNS[table][column], facts.list_cell_rules(table, column)
    choices = tuple(rules.get("word", ()))
    readers = {
        **_READERS,
        "text": _read_web_address if "web_address" in rules else _read_text,
        "code": _make_word_reader(choices),
    }
    contract: dict[str, Any] = {
        "read": _LOOKUPS.get(about.refers_to) or readers.get(about.group, _read_text),
        "must": when if not about.may_be else never_applies,
        "may": when if is_asked else never_applies,
        "default": default if callable(default) else lambda answers: default,
        "choices": choices,
        "many": about.kind == "references",
    }
    asks = asks or f"the column {column} of {table}.csv"
    return Question(name or column, asks, table=table, column=column, **contract | settings)


def ask_other_columns(
    table: str, questions: Sequence[Question], made: Sequence[str]
) -> list[Question]:
    """Return questions for the columns that neither questions nor the command (`made`) fill."""
    filled = {question.column for question in questions if question.table == table} | set(made)
    others = [name for name in facts.COLUMNS[table] if name not in filled]
    return [ask_column(table, name) for name in others]


def fill_row(table: str, questions: Sequence[Question], answers: Answers) -> dict[str, str]:
    """Return the cells of a row of a table that the answers give, by column."""
    return {
        question.column: answers.get(question.name, "")
        for question in questions
        if question.table == table
    }


def _make_word_reader(words: Sequence[str]) -> Reader:
    """Return a reader of a vocabulary's words, also with spaces, dashes or capitals."""
    words_by_fold = {word.casefold(): word for word in words}

    def read_word(raw_answer: str, answers: Answers) -> str:
        word = words_by_fold.get(re.sub(r"[\s-]+", "_", raw_answer.casefold()))
        if word is None:
            near = suggest_names(raw_answer, words) or f": one of {', '.join(words)}"
            raise NotOnRecordError(f"{raw_answer!r} is none of the words{near}")
        return word

    return read_word


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
    scaled = number.scaleb(-2 if unit == "%" else TIMES.get(unit, 0))
    plain = f"{scaled:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


_READERS: dict[str, Reader] = {
    "period": _read_period,
    "number": read_amount,
}
_LOOKUPS: dict[str, Reader] = {
    "areas": lambda raw_answer, answers: answers.records.find_area(raw_answer),
    "platforms": lambda raw_answer, answers: answers.records.find_platform(raw_answer),
}
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
        default = question.default(answers) if must else ""
        if not raw_answer and ask and (must or question.may(answers)):
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

"""Questions whose answers become rows: asked on a terminal, or answered by options.

A question is both an option of the command and a prompt. Earlier answers decide which questions
apply: nothing more is asked about a page on record.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from flows.adding.records import FactRecords, NotOnRecordError, suggest_names

TIMES = {"thousand": 3, "million": 6, "billion": 9, "k": 3, "m": 6, "bn": 9}
AMOUNT = re.compile(
    r"^(\d+|\d{1,3}(?:[ ,_\u00a0\u202f]\d{3})+)(\.\d+)?\s*(thousand|million|billion|k|m|bn|%)?$",
    re.IGNORECASE | re.ASCII,
)


class Answers(dict[str, str]):
    """Cells by question; `raw_answers` contains the texts as entered, for the names of new rows."""

    def __init__(self) -> None:
        super().__init__()
        self.raw_answers: dict[str, str] = {}


Condition = Callable[[Answers, FactRecords], bool]
Reader = Callable[[str, Answers, FactRecords], str]


class WrongAnswerError(ValueError):
    """An invalid answer; the message is one line."""


class MissingError(ValueError):
    """Required options are missing, and the command cannot ask for them on a terminal."""


def always_applies(answers: Answers, records: FactRecords) -> bool:
    """Return True: the question always applies."""
    return True


def never_applies(answers: Answers, records: FactRecords) -> bool:
    """Return False: the question is never asked, and only its option provides an answer."""
    return False


def read_text(raw_answer: str, answers: Answers, records: FactRecords) -> str:
    """Return the answer unchanged as the text of the cell."""
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
    """

    name: str
    asks: str
    read: Reader = read_text
    must: Condition = never_applies
    may: Condition = never_applies
    default: Callable[[Answers, FactRecords], str] = lambda answers, records: ""
    choices: Sequence[str] = field(default=())
    many: bool = False
    adds: str = ""

    @property
    def option_name(self) -> str:
        """Return the option of the command, such as --source-note."""
        return f"--{self.name.replace('_', '-')}"

    def read_cell(self, raw_answer: str, answers: Answers, records: FactRecords) -> str:
        """Return the cell for an answer; several parts are read one by one, sorted and joined.

        Raises NotOnRecordError or WrongAnswerError.
        """
        parts = raw_answer.split(";") if self.many else [raw_answer]
        cells = [self.read(_read_line(part), answers, records) for part in parts]
        return ";".join(sorted(set(cells))) if self.many else cells[0]


def _read_line(raw_answer: str) -> str:
    """Return an answer without blanks at its ends.

    Raises WrongAnswerError for characters that a line of a terminal or a table cannot contain.
    """
    from audience_impact import blanks

    plain = blanks.strip_blanks(raw_answer)
    odd = [sign for sign in plain if ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0]
    if odd or "\u2028" in plain or "\u2029" in plain:
        raise WrongAnswerError("contains a line break or another control character: write one line")
    return plain


def make_word_reader(words: type[StrEnum]) -> Reader:
    """Return a reader of a vocabulary's words, also with spaces, dashes or capitals."""
    known_words = {member.value.casefold(): member.value for member in words}

    def read_word(raw_answer: str, answers: Answers, records: FactRecords) -> str:
        member = known_words.get(re.sub(r"[\s-]+", "_", raw_answer.casefold()))
        if member is None:
            listed = (
                suggest_names(raw_answer, known_words.values()) or f": one of {', '.join(words)}"
            )
            raise NotOnRecordError(f"{raw_answer!r} is none of the words{listed}")
        return member

    return read_word


def one_of(name: str, asks: str, words: type[StrEnum], **more: object) -> Question:
    """Return a question whose answer is a word of a vocabulary."""
    choices = tuple(member.value for member in words)
    return Question(name, asks, make_word_reader(words), choices=choices, **more)  # type: ignore[arg-type]


def required_word(name: str, asks: str, words: type[StrEnum], **more: object) -> Question:
    """Return a question that always requires a word of a vocabulary."""
    return one_of(name, asks, words, must=always_applies, **more)


def read_period(raw_answer: str, answers: Answers, records: FactRecords) -> str:
    """Return an ISO 8601 date or period unchanged.

    Raises WrongAnswerError.
    """
    from audience_impact import periods

    if periods.parse_period(raw_answer) is None:
        raise WrongAnswerError(
            f"{raw_answer!r} is no date: write 2025, 2025-Q3, 2025-07, 2025-07-13, or two joined "
            "by /"
        )
    return raw_answer


def read_web_address(raw_answer: str, answers: Answers, records: FactRecords) -> str:
    """Return a complete web address unchanged.

    Raises WrongAnswerError.
    """
    if not re.match(r"^https?://[^\s/\[\]]+\.\S+$", raw_answer):
        raise WrongAnswerError(f"{raw_answer!r} is no complete address: begin it with https://")
    return raw_answer


def read_amount(raw_answer: str, answers: Answers, records: FactRecords) -> str:
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


Asker = Callable[[Question, str, Answers], str]
"""Asks a person, given a question, a default and the answers so far; returns a readable answer."""


def collect_answers(
    questions: Sequence[Question],
    options: Mapping[str, str],
    records: FactRecords,
    ask: Asker | None,
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
    if not missing:
        return answers
    if ask is None:
        raise MissingError(f"give {', '.join(missing)}, or answer on a terminal")
    return _ask_questions(questions, options, records, ask)[0]


def _ask_questions(
    questions: Sequence[Question],
    options: Mapping[str, str],
    records: FactRecords,
    ask: Asker | None,
) -> tuple[Answers, list[str]]:
    answers, missing = Answers(), list[str]()
    for question in questions:
        raw_answer, must = options.get(question.name, ""), question.must(answers, records)
        default = question.default(answers, records) if must else ""
        if not raw_answer and ask and (must or question.may(answers, records)):
            raw_answer = ask(question, default, answers)
        raw_answer = raw_answer or default
        if raw_answer:
            answers.raw_answers[question.name] = raw_answer
            answers[question.name] = _read_answer(question, raw_answer, answers, records)
        elif must and not ask:
            missing.append(question.option_name)
    return answers, missing


def _read_answer(
    question: Question, raw_answer: str, answers: Answers, records: FactRecords
) -> str:
    try:
        return question.read_cell(raw_answer, answers, records)
    except (NotOnRecordError, WrongAnswerError) as error:
        more = f" (to add it: --{question.adds.replace('_', '-')})" if question.adds else ""
        raise WrongAnswerError(f"{question.option_name}: {error}{more}") from error

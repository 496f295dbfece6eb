"""Questions whose answers become rows: asked on a terminal, or answered by options.

A question is an option of the command and a prompt at once. Which of them apply depends on what
was answered before: of a page on record nothing more is asked.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from flows.adding.known import Known, NotKnownError, near

TIMES = {"thousand": 3, "million": 6, "billion": 9, "k": 3, "m": 6, "bn": 9}
AMOUNT = re.compile(
    r"^(\d+|\d{1,3}(?:[ ,_\u00a0\u202f]\d{3})+)(\.\d+)?\s*(thousand|million|billion|k|m|bn|%)?$",
    re.IGNORECASE | re.ASCII,
)


class Answers(dict[str, str]):
    """Cells by question; `told` keeps what was said, where a name is to be added as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, str] = {}


Condition = Callable[[Answers, Known], bool]
Reader = Callable[[str, Answers, Known], str]


class WrongAnswerError(ValueError):
    """An answer that cannot be taken; the message is one line."""


class MissingError(ValueError):
    """Options that must be given where nobody can be asked."""


def always(answers: Answers, known: Known) -> bool:
    """In every case."""
    return True


def never(answers: Answers, known: Known) -> bool:
    """In no case: only the option gives it."""
    return False


def nothing(answers: Answers, known: Known) -> str:
    """No default."""
    return ""


def text(told: str, answers: Answers, known: Known) -> str:
    """A text as it is."""
    return told


@dataclass(frozen=True)
class Question:
    """One thing to know.

    Attributes:
        name: Its key among the answers; the option is that with dashes.
        asks: What is asked, for the prompt and for the help of the option.
        read: The cell that an answer becomes; raises NotKnownError or WrongAnswerError.
        must: When it has to be answered.
        may: When a person who is being asked is asked this too; blank is an answer then.
        default: What is taken where it must be answered and is not.
        choices: The words that it may be, if it is one of a few.
        many: Whether several answers are allowed, in a cell joined by semicolons.
        adds: The question whose answer says that what is not on record is to be added.
    """

    name: str
    asks: str
    read: Reader = text
    must: Condition = never
    may: Condition = never
    default: Callable[[Answers, Known], str] = nothing
    choices: Sequence[str] = field(default=())
    many: bool = False
    adds: str = ""

    @property
    def option(self) -> str:
        """The option of the command."""
        return f"--{self.name.replace('_', '-')}"

    def cell(self, told: str, answers: Answers, known: Known) -> str:
        """The cell of an answer, each of several read by itself.

        Raises NotKnownError or WrongAnswerError.
        """
        parts = told.split(";") if self.many else [told]
        cells = [self.read(_one_line(part), answers, known) for part in parts]
        return ";".join(sorted(set(cells))) if self.many else cells[0]


def _one_line(told: str) -> str:
    """What was told without blanks at its ends.

    Raises WrongAnswerError for signs that no line of a terminal or a table can hold.
    """
    from audience_impact import blanks

    plain = blanks.trimmed(told)
    odd = [sign for sign in plain if ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0]
    if odd or "\u2028" in plain or "\u2029" in plain:
        raise WrongAnswerError("holds a line break or another control character: write one line")
    return plain


def word(words: type[StrEnum]) -> Reader:
    """One of the words of a vocabulary, also with spaces or dashes and in capitals."""
    known_words = {member.value.casefold(): member.value for member in words}

    def read(told: str, answers: Answers, known: Known) -> str:
        found = known_words.get(re.sub(r"[\s-]+", "_", told.casefold()))
        if found is None:
            listed = near(told, known_words.values()) or f": one of {', '.join(words)}"
            raise NotKnownError(f"{told!r} is none of the words{listed}")
        return found

    return read


def one_of(name: str, asks: str, words: type[StrEnum], **more: object) -> Question:
    """A question whose answer is a word of a vocabulary."""
    choices = tuple(member.value for member in words)
    return Question(name, asks, word(words), choices=choices, **more)  # type: ignore[arg-type]


def day(told: str, answers: Answers, known: Known) -> str:
    """An ISO 8601 date or period.

    Raises WrongAnswerError.
    """
    from audience_impact import periods

    if periods.span(told) is None:
        raise WrongAnswerError(
            f"{told!r} is no date: write 2025, 2025-Q3, 2025-07, 2025-07-13, or two joined by /"
        )
    return told


def web_address(told: str, answers: Answers, known: Known) -> str:
    """A whole web address.

    Raises WrongAnswerError.
    """
    if not re.match(r"^https?://[^\s/\[\]]+\.\S+$", told):
        raise WrongAnswerError(f"{told!r} is no whole address: it begins with https://")
    return told


def amount(told: str, answers: Answers, known: Known) -> str:
    """A number written out: 96 million is 96000000, 37 % is 0.37.

    Raises WrongAnswerError.
    """
    found = AMOUNT.match(told)
    if not found:
        raise WrongAnswerError(f"{told!r} is no number: write 96000000, 96 million, 0.37 or 37 %")
    whole, fraction, unit = found[1], found[2] or "", (found[3] or "").casefold()
    number = Decimal(re.sub(r"\D", "", whole) + fraction)
    scaled = number.scaleb(-2 if unit == "%" else TIMES.get(unit, 0))
    plain = f"{scaled:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


Asker = Callable[[Question, str, Answers], str]
"""Asks a person: question, default, answers so far; gives what was said, which can be read."""


def answer(
    questions: Sequence[Question],
    given: Mapping[str, str],
    known: Known,
    ask: Asker | None,
) -> Answers:
    """All answers, from options and, where some that are needed are missing, from a person.

    Args:
        questions: in the order in which they are asked.
        given: the options, by name of question.
        known: the facts.
        ask: how to ask a person; None where there is none.

    Raises MissingError naming the options to give, or WrongAnswerError.
    """
    answers, missing = _from(questions, given, known, None)
    if not missing:
        return answers
    if ask is None:
        raise MissingError(f"give {', '.join(missing)}, or answer on a terminal")
    return _from(questions, given, known, ask)[0]


def _from(
    questions: Sequence[Question], given: Mapping[str, str], known: Known, ask: Asker | None
) -> tuple[Answers, list[str]]:
    answers, missing = Answers(), list[str]()
    for question in questions:
        told, must = given.get(question.name, ""), question.must(answers, known)
        default = question.default(answers, known) if must else ""
        if not told and ask and (must or question.may(answers, known)):
            told = ask(question, default, answers)
        told = told or default
        if told:
            answers.told[question.name] = told
            answers[question.name] = _read(question, told, answers, known)
        elif must and not ask:
            missing.append(question.option)
    return answers, missing


def _read(question: Question, told: str, answers: Answers, known: Known) -> str:
    try:
        return question.cell(told, answers, known)
    except (NotKnownError, WrongAnswerError) as error:
        more = f" (to add it: --{question.adds.replace('_', '-')})" if question.adds else ""
        raise WrongAnswerError(f"{question.option}: {error}{more}") from error

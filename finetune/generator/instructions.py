"""The instruction set: what a chat model is asked live, and the answer that it should give."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from finetune.errors import NotEnoughDataError, SourceError
from finetune.generator.approved import ApprovedTurn
from finetune.generator.settings import GeneratorSettings
from finetune.sameness import same_key
from storage.normalise import text_key
from storage.types import Labels, Passage

Part = Literal["train", "stopping", "held_out"]
ChatMessages = tuple[dict[str, str], ...]
"""Messages as `{"role", "content"}`."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How many sentences an answer has, and how many of them its passages support."""

    sentences: int
    supported: int

    @property
    def holds(self) -> bool:
        """Whether all of it may be shown."""
        return 0 < self.sentences == self.supported


class Teacher(Protocol):
    """What serving knows of prompts and of the check; handed down from the room above."""

    most_passages: int
    """So many passages have room in a prompt."""

    def prompt(self, turn: ApprovedTurn, passages: Sequence[Passage]) -> ChatMessages:
        """What the live generator would ask for this turn with these passages; repeatable."""
        ...

    def cited(self, turn: ApprovedTurn, passages: Sequence[Passage]) -> str:
        """The turn's answer as a model should write it, the numbers of passages behind sentences.

        Empty unless the passages support every sentence of it.
        """
        ...

    def check(self, answer: str, passages: Sequence[Passage], language: str) -> Checked:
        """How much of what a model wrote could be shown."""
        ...

    def bare(self, answer: str) -> str:
        """The answer without the numbers of passages."""
        ...


@dataclass(frozen=True, slots=True)
class Instruction:
    """One row: the prompt, the answer, the passages in the order of their numbers.

    `messages` are the ids of the stored messages that it is made of.
    """

    part: Part
    prompt: ChatMessages
    answer: str
    language: str
    passages: tuple[Passage, ...]
    messages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class InstructionSet:
    """All rows, and how many approved turns there were and why some are left out."""

    rows: tuple[Instruction, ...]
    liked: int
    by_operators: int
    unsupported: int
    repeated: int

    @property
    def fingerprint(self) -> str:
        """A sha256 over all rows: equal sets have equal names."""
        digest = hashlib.sha256()
        for row in self.rows:
            digest.update(_line(row).encode() + b"\n")
        return digest.hexdigest()

    def part(self, part: Part) -> list[Instruction]:
        """The rows of one part."""
        return [row for row in self.rows if row.part == part]

    def counts(self) -> dict[str, int]:
        """Plain figures for people and metrics."""
        return {
            "liked": self.liked,
            "by_operators": self.by_operators,
            "unsupported": self.unsupported,
            "repeated": self.repeated,
            "rows": len(self.rows),
            "train": len(self.part("train")),
            "stopping": len(self.part("stopping")),
            "held_out": len(self.part("held_out")),
        }


def build_set(
    turns: Sequence[ApprovedTurn], teacher: Teacher, settings: GeneratorSettings
) -> InstructionSet:
    """The instruction set of these turns, oldest first; of equal questions the newest stays.

    An answer of which a passage does not support every sentence is left out, whoever wrote it:
    live it would never be shown, and it would teach to make things up.
    """
    rows: dict[str, Instruction] = {}
    unsupported = repeated = 0
    for turn in turns:
        passages = _arranged(turn, teacher.most_passages)
        answer = teacher.cited(turn, passages) if passages else ""
        if not answer:
            unsupported += 1
            continue
        key = _key(turn.question)
        repeated += key in rows
        prompt = teacher.prompt(turn, passages)
        part = _part(key, settings)
        rows[key] = Instruction(part, prompt, answer, turn.language, passages, turn.messages)
    by_operators = sum(turn.by_operator for turn in turns)
    ordered = tuple(rows[key] for key in sorted(rows))
    return InstructionSet(ordered, len(turns) - by_operators, by_operators, unsupported, repeated)


def must_suffice(found: InstructionSet, settings: GeneratorSettings) -> None:
    """Raise NotEnoughDataError, with what was found and what is needed, for a set too small."""
    told = (
        f"{found.liked} liked replies and {found.by_operators} operators' answers, of which "
        f"{found.unsupported} are not supported by a passage and {found.repeated} repeat a question"
    )
    if len(found.rows) < settings.least_turns:
        raise NotEnoughDataError(
            f"expected at least {settings.least_turns} approved turns to train on, found "
            f"{len(found.rows)}: {told}"
        )
    held_out = len(found.part("held_out"))
    if held_out < settings.least_held_out or not found.part("train"):
        raise NotEnoughDataError(
            f"expected at least {settings.least_held_out} approved turns to hold out for the gate "
            f"and one to train on, found {held_out} and {len(found.part('train'))}: {told}"
        )


def write_set(found: InstructionSet, path: Path) -> None:
    """Write the rows as JSON lines: `messages` ends with the answer, as other tools want it."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(_line(row) + "\n" for row in found.rows)


def read_rows(path: Path) -> list[Instruction]:
    """The rows of a file that `write_set` wrote; SourceError names a line that is none."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read: {error}") from error
    return [_read(line, path, number) for number, line in enumerate(lines, start=1) if line]


def _arranged(turn: ApprovedTurn, most: int) -> tuple[Passage, ...]:
    """The passages of a prompt, in an order that teaches nothing about where the answer stands."""
    passages = list(turn.evidence[:most])
    random.Random(text_key(turn.question)).shuffle(passages)  # noqa: S311 (nothing is secret)
    return tuple(passages)


def _key(question: str) -> str:
    """One name for the spellings of a question, so that no part knows another's."""
    return text_key(same_key(question) or question)


def _part(key: str, settings: GeneratorSettings) -> Part:
    """Chosen by the question alone, so that what was held out once is never trained on."""
    place = int(key[:8], 16) / 2**32
    if place < settings.held_out_share:
        return "held_out"
    if place < settings.held_out_share + settings.stopping_share:
        return "stopping"
    return "train"


def _line(row: Instruction) -> str:
    values = {
        "messages": [*row.prompt, {"role": "assistant", "content": row.answer}],
        "part": row.part,
        "language": row.language,
        "passages": [_plain(passage) for passage in row.passages],
        "from": row.messages,
    }
    return json.dumps(values, ensure_ascii=False)


def _plain(passage: Passage) -> dict[str, Any]:
    """What the check and a reader need of a passage; its id and labels may change any day."""
    left_out = ("id", "kind", "questions", "labels")
    return {name: value for name, value in asdict(passage).items() if name not in left_out}


def _read(line: str, path: Path, number: int) -> Instruction:
    try:
        return _instruction(json.loads(line))
    except (ValueError, KeyError, TypeError) as error:
        where = f"{path.name}, line {number}"
        raise SourceError(f"{where}: expected an instruction, {error}") from error


def _instruction(values: dict[str, Any]) -> Instruction:
    *prompt, answer = values["messages"]
    return Instruction(
        part=values["part"],
        prompt=tuple(prompt),
        answer=answer["content"],
        language=values["language"],
        passages=tuple(
            Passage(id=0, kind="document", questions=(), labels=Labels(), **each)
            for each in values["passages"]
        ),
        messages=tuple(values["from"]),
    )

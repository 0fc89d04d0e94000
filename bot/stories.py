"""Stories: whole conversations that must keep working, written in YAML and played to the bot.

A file is a list of stories. Each turn is what the customer writes (`customer`) or the button they
press (`press`), and what must come of it:

    - story: a return, then the money
      turns:
        - customer: 买大了，想退
          decision: template
          intent: return_policy
        - customer: 钱多久到账
          says: 原路退回
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.errors import NotReadyError
from bot.recording import Outcome
from bot.rehearse import Rehearsal
from bot.services import Services
from bot.types import DecisionKind
from bot.understand import HANDOFF
from storage.errors import InputError

MAX_BYTES = 1_000_000
SUFFIXES = (".yaml", ".yml")

EXPECTATIONS: Mapping[str, type] = {
    "decision": str,
    "intent": str,
    "language": str,
    "says": list,
    "never_says": list,
    "buttons": list,
    "document": str,
    "offers_person": bool,
}
_SPOKEN = ("customer", "press")


@dataclass(frozen=True, slots=True)
class Step:
    """One turn: the customer's words, or the words on the button they press, and what must come."""

    text: str
    press: bool
    expected: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """A conversation that must keep working."""

    name: str
    file: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Failure:
    """The first step of a story that came out otherwise, and what the bot thought there."""

    story: str
    file: str
    step: int
    customer: str
    expected: Mapping[str, Any]
    found: Mapping[str, Any]
    trace: Mapping[str, Any]


def read_stories(path: Path) -> list[Story]:
    """The stories of a file, or of every YAML file of a folder in the order of their names."""
    files = sorted(f for f in path.iterdir() if f.suffix in SUFFIXES) if path.is_dir() else [path]
    found = [story for file in files for story in _read_file(file)]
    if not found:
        raise InputError(f"expected at least one story in {path}, found none")
    return found


def _read_file(file: Path) -> list[Story]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InputError(f"{file.name}: expected at most {MAX_BYTES // 1000} kB; split it")
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file.name}: expected a YAML file in UTF-8: {reason}") from error
    if not isinstance(content, list):
        raise InputError(f"{file.name}: expected a list of stories, each with `story` and `turns`")
    return [_story(file.name, number, value) for number, value in enumerate(content, start=1)]


def _story(file: str, number: int, value: object) -> Story:
    where = f"{file}, story {number}"
    if not isinstance(value, dict) or set(value) != {"story", "turns"}:
        raise InputError(f"{where}: expected the keys `story` and `turns`, found {_keys(value)}")
    turns = value["turns"]
    if not isinstance(turns, list) or not turns:
        raise InputError(f"{where}: expected a list of turns")
    steps = tuple(_step(f"{where}, turn {place}", turn) for place, turn in enumerate(turns, 1))
    return Story(str(value["story"]), file, steps)


def _step(where: str, value: object) -> Step:
    spoken = [key for key in _SPOKEN if isinstance(value, dict) and key in value]
    if not isinstance(value, dict) or len(spoken) != 1:
        raise InputError(f"{where}: expected either `customer` or `press`, found {_keys(value)}")
    expected = {key: each for key, each in value.items() if key not in _SPOKEN}
    for key, each in expected.items():
        kind = EXPECTATIONS.get(key)
        if kind is None:
            raise InputError(f"{where}: expected {', '.join(EXPECTATIONS)}, found {key!r}")
        if kind is list and isinstance(each, str):
            expected[key] = [each]
        elif not isinstance(each, kind):
            raise InputError(f"{where}: expected {key} to be a {kind.__name__}, found {each!r}")
    decision = expected.get("decision")
    if decision is not None and decision not in list(DecisionKind):
        raise InputError(
            f"{where}: expected a decision out of {', '.join(DecisionKind)}, found {decision!r}"
        )
    return Step(str(value[spoken[0]]), spoken[0] == "press", expected)


def _keys(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, dict) else repr(value)[:80]


async def play_all(
    services: Services, stories: list[Story], progress: Callable[[float], None] | None = None
) -> list[Failure]:
    """Play every story in a conversation of its own; what came out otherwise."""
    await services.live.check()
    if services.live.current is None:
        raise NotReadyError("expected a live bundle to evaluate, found none: run `kefu retrain`")
    failures = []
    for place, story in enumerate(stories, start=1):
        failure = await play(services, story)
        failures += [failure] if failure else []
        if progress is not None:
            progress(place / len(stories))
    return failures


async def play(services: Services, story: Story) -> Failure | None:
    """The story's first step that comes out otherwise; None if all is as it must be."""
    rehearsal = Rehearsal(services)
    offered: dict[str, str] = {}
    for number, step in enumerate(story.steps, start=1):
        wrong: Mapping[str, Any] = {}
        trace: Mapping[str, Any] = {}
        if step.press and step.text not in offered:
            wrong = {"buttons": list(offered)}
        else:
            outcome = await rehearsal.say(step.text, payload=offered.get(step.text))
            offered = {each.text: each.payload for each in outcome.draft.quick_replies}
            wrong, trace = differences(step.expected, outcome), _trace(outcome)
        if wrong:
            return Failure(
                story.name, story.file, number, step.text, dict(step.expected), wrong, trace
            )
    return None


def differences(expected: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
    """What was found where it is not what was expected."""
    draft = outcome.draft
    buttons = [each.text for each in draft.quick_replies]
    documents = [each.document for each in draft.citations]
    found = {
        "decision": outcome.decision.kind.value,
        "intent": outcome.decision.label,
        "language": draft.language,
        "says": draft.text,
        "never_says": draft.text,
        "buttons": buttons,
        "document": documents,
        "offers_person": any(each.payload == HANDOFF for each in draft.quick_replies),
    }
    holds: dict[str, Callable[[Any], bool]] = {
        "says": lambda words: all(word in draft.text for word in words),
        "never_says": lambda words: not any(word in draft.text for word in words),
        "buttons": lambda words: all(word in buttons for word in words),
        "document": lambda name: any(each.endswith(name) for each in documents),
    }
    return {
        key: found[key]
        for key, value in expected.items()
        if not (holds[key](value) if key in holds else found[key] == value)
    }


def _trace(outcome: Outcome) -> dict[str, Any]:
    prediction = outcome.understanding.prediction
    return {
        "decision": outcome.decision.kind.value,
        "reason": outcome.decision.reason,
        "reply": outcome.draft.text,
        "ranked": [[label, round(share, 3)] for label, share in prediction.ranked[:3]],
        "in_scope": round(prediction.in_scope, 3),
        "hits": [[hit.passage.document, round(hit.score, 3)] for hit in outcome.hits[:3]],
    }

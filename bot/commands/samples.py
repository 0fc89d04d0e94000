"""Asking a running server a few questions, the way any customer would."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

from bot.commands.output import show_table
from storage.errors import StorageError

TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Sample:
    """A question and what the server answered to it."""

    question: str
    reply: str
    decision: str


def ask_samples(address: str, questions: Sequence[str]) -> list[Sample]:
    """Each question in a conversation of its own, over HTTP."""
    return [_ask(address, question) for question in questions]


def show_samples(samples: Sequence[Sample]) -> None:
    """A table of the questions and the replies."""
    rows = [(sample.question, sample.reply, sample.decision) for sample in samples]
    show_table(("question", "reply", "decision"), rows)


def _ask(address: str, question: str) -> Sample:
    begun = _post(address, "/api/conversations", {}, None)
    path = f"/api/conversations/{begun['conversation']}/messages"
    reply = _post(address, path, {"id": "sample", "text": question}, begun["token"])
    return Sample(question, reply["reply"], reply["decision"])


def _post(address: str, path: str, body: object, token: str | None) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    where = urlsplit(address)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        found: dict[str, str] = json.loads(response.read())
    except (OSError, ValueError) as error:
        raise StorageError(f"expected {address}{path} to answer, found: {error}") from error
    finally:
        connection.close()
    if response.status >= 400:  # noqa: PLR2004
        raise StorageError(f"expected a reply from {path}, found {response.status}: {found}")
    return found

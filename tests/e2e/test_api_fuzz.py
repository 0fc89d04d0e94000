"""The API fuzzed from its own OpenAPI description: nothing a client sends is the server's fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bot.web.testing import ADMIN_TOKEN, TrialServer, trial_server

# Endless: it is tested where its stream is read.
STREAM = r"/events$"
STAFF = r"^/(api/admin|v1)"
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
FUZZ = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Known(NamedTuple):
    """A conversation that exists, and what opens it."""

    conversation: str
    token: str
    message: int
    staff: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialServer]:
    with trial_server(tmp_path_factory.mktemp("home")) as server:
        yield server


@pytest.fixture(scope="module")
def known(server: TrialServer) -> Known:
    with httpx2.Client(base_url=server.url, timeout=30) as http:
        began = http.post("/api/conversations").json()
        headers = {"Authorization": f"Bearer {began['token']}"}
        path = f"/api/conversations/{began['conversation']}/messages"
        reply = http.post(path, json={"id": "a", "text": "退货"}, headers=headers).json()
        admin = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
        # The fuzzer may revoke the tokens it guesses, so it gets one of its own.
        made = http.post("/api/admin/tokens", json={"label": "fuzz"}, headers=admin).json()
    return Known(began["conversation"], began["token"], reply["message"], made["token"])


@pytest.fixture(scope="module")
def description(server: TrialServer) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


def fuzz(
    description: schemathesis.BaseSchema, examples: int, prepare: Callable[[Case], None]
) -> set[str]:
    """Send generated requests to every operation; the labels of those that were called."""
    called = set()
    for found in description.get_all_operations():
        operation = found.ok()

        @settings(FUZZ, max_examples=examples)
        @given(case=operation.as_strategy())
        def run(case: Case) -> None:
            prepare(case)
            case.call_and_validate(checks=list(CHECKS), timeout=20)

        run()
        called.add(operation.label)
    return called


def test_customers_who_know_their_conversation(description, known):
    ours = {"conversation_id": known.conversation, "message_id": known.message}

    def prepare(case: Case) -> None:
        case.path_parameters.update({k: v for k, v in ours.items() if k in case.path_parameters})
        case.headers["Authorization"] = f"Bearer {known.token}"

    api = description.exclude(path_regex=f"{STREAM}|{STAFF}")
    assert "POST /api/conversations/{conversation_id}/messages" in fuzz(api, 20, prepare)


def test_staff(description, known):
    def prepare(case: Case) -> None:
        if "conversation_id" in case.path_parameters:
            case.path_parameters["conversation_id"] = known.conversation
        case.headers["Authorization"] = f"Bearer {known.staff}"

    assert len(fuzz(description.include(path_regex=STAFF), 8, prepare)) >= 25


def test_strangers(description):
    def prepare(case: Case) -> None:
        case.headers.pop("Authorization", None)

    assert len(fuzz(description.exclude(path_regex=STREAM), 3, prepare)) >= 30

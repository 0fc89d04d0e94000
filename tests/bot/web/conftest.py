"""One trial server for the tests of the web room, and ways to talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from bot.web.testing import ADMIN_TOKEN, OPERATOR_TOKEN, TrialServer, trial_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialServer]:
    with trial_server(tmp_path_factory.mktemp("home")) as server:
        yield server


@pytest.fixture
def http(server: TrialServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
def admin(server: TrialServer) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture
def operator(server: TrialServer) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=30) as client:
        yield client


@dataclass
class Customer:
    """A customer with a conversation of their own."""

    http: httpx2.Client
    conversation: str
    token: str
    sent: int = 0

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def path(self) -> str:
        return f"/api/conversations/{self.conversation}"

    def post(self, body: object, **headers: str) -> httpx2.Response:
        path = f"{self.path}/messages"
        return self.http.post(path, json=body, headers={**self.headers, **headers})

    def ask(self, text: str, **more: str) -> dict:
        self.sent += 1
        response = self.post({"id": f"m{self.sent}", "text": text, **more})
        assert response.status_code == 200, response.text
        return response.json()

    def history(self, after: int = 0) -> list[dict]:
        path = f"{self.path}/messages?after={after}"
        return self.http.get(path, headers=self.headers).json()["messages"]


def new_customer(http: httpx2.Client, language: str | None = None) -> Customer:
    began = http.post("/api/conversations", json={"language": language}).json()
    return Customer(http, began["conversation"], began["token"])


@pytest.fixture
def customer(http: httpx2.Client) -> Customer:
    return new_customer(http)


@pytest.fixture
def other(http: httpx2.Client) -> Customer:
    return new_customer(http)

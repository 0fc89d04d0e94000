"""Who may embed the chat, what a visitor's token opens, and who a visitor is."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator

import pytest

from bot.web.origins import is_allowed
from bot.web.signing import BadTokenError, ExpiredTokenError, read, sign
from bot.web.testing import TrialServer, trial_server
from storage.erasure import erase_customer
from storage.queue import OperatorQueue
from tests.bot.web.conftest import Customer, new_customer

SECRET = "a secret that the company keeps"
SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialServer]:
    home = tmp_path_factory.mktemp("home")
    settings = {"allowed_origins": (SHOP, "https://*.brand.example"), "identity_secret": SECRET}
    with trial_server(home, **settings) as server:
        yield server


def on_site(http, origin: str) -> Customer:
    began = http.post("/api/conversations", headers={"Kefu-Origin": origin}).json()
    return Customer(http, began["conversation"], began["token"])


def identity(**claims) -> str:
    claims = {"sub": "c-7", "jti": f"n{time.time_ns()}", "exp": time.time() + 300, **claims}
    return sign(claims, SECRET.encode())


def identify(customer: Customer, token: str):
    path = f"{customer.path}/identity"
    return customer.http.post(path, json={"token": token}, headers=customer.headers)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (SHOP, True),
        ("https://SHOP.example", True),
        ("https://m.brand.example", True),
        ("https://brand.example", False),
        ("https://evilbrand.example", False),
        ("http://shop.example", False),
        ("https://shop.example:8443", False),
        ("https://shop.example.evil.example", False),
        ("https://shop.example; frame-ancestors *", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_named_origins_may_embed(http, origin, expected):
    page = http.get("/chat", params={"embed": "1", "origin": origin})
    assert page.status_code == (200 if expected else 403)
    ancestors = page.headers["content-security-policy"].partition("frame-ancestors ")[2]
    assert ancestors == (f"'self' {origin}" if expected else "'none'")
    began = http.post("/api/conversations", headers={"Origin": origin or "null"})
    assert began.status_code == (201 if expected else 403)


def test_without_a_list_pages_of_this_machine_may_embed():
    assert is_allowed("http://localhost:3000", ())
    assert is_allowed("http://127.0.0.1", ())
    assert not is_allowed("https://shop.example", ())
    assert not is_allowed("http://localhost.evil.example", ())


def test_a_token_is_good_on_its_own_site_alone(http):
    customer = on_site(http, SHOP)
    path = f"{customer.path}/messages"
    for headers, status in (
        ({"Kefu-Origin": SHOP}, 200),
        ({"Origin": SHOP}, 200),
        ({}, 403),
        ({"Kefu-Origin": "https://m.brand.example"}, 403),
        ({"Kefu-Origin": "https://other.example"}, 403),
    ):
        response = http.get(path, headers={**customer.headers, **headers})
        assert response.status_code == status, headers


def test_a_token_is_renewed_while_it_is_good(http, customer):
    renewed = http.post(f"{customer.path}/token", headers=customer.headers).json()
    assert renewed["conversation"] == customer.conversation
    fresh = Customer(http, customer.conversation, renewed["token"])
    assert fresh.ask("退货")["decision"] == "template"
    claims = json.loads(base64.urlsafe_b64decode(renewed["token"].split(".")[1] + "=="))
    assert claims["exp"] <= time.time() + 24 * 3600


def test_an_expired_token_opens_nothing(http, server, customer):
    key = server.run(_key_of(server))
    claims = {"sub": "v", "con": customer.conversation, "org": None, "exp": int(time.time()) - 60}
    headers = {"Authorization": f"Bearer {sign(claims, key)}"}
    response = http.get(f"{customer.path}/messages", headers=headers)
    assert (response.status_code, response.json()["error"]) == (401, "token_expired")


async def _key_of(server: TrialServer) -> bytes:
    from bot.web.signing import derived_key

    return derived_key(server.settings.signing_secret(), "visitor")


def test_a_token_that_was_tampered_with_opens_nothing(http, customer, other):
    head, body, signature = customer.token.split(".")
    theirs = other.token.split(".")[1]
    for token in (f"{head}.{theirs}.{signature}", f"{head}.{body}.", "a.b.c", "密.钥.匙"):
        headers = {"Authorization": b"Bearer " + token.encode()}
        response = http.get(f"{customer.path}/messages", headers=headers)
        assert response.status_code == 403, token


def test_only_hmac_sha256_is_read():
    def token(head: dict) -> str:
        parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode()
                 for p in (head, {"exp": 9e9})]  # fmt: skip
        return ".".join(parts)

    for forged in (token({"alg": "none"}) + ".", token({"alg": "none"}) + ".x"):
        with pytest.raises(BadTokenError):
            read(forged, b"key")
    with pytest.raises(ExpiredTokenError):
        read(sign({"exp": 10}, b"key"), b"key")
    with pytest.raises(BadTokenError):
        read(sign({}, b"key"), b"key")


def test_a_signed_identity_reaches_the_customer(http, server, customer):
    token = identity(name="王芳", level=3, vip=True, nested={"x": 1})
    assert identify(customer, token).status_code == 204

    def read_entry(session):
        return OperatorQueue(session).entry(customer.conversation)

    entry = server.run(server.services.work.read(read_entry))
    assert entry.customer == "c-7"
    assert entry.attributes == {"name": "王芳", "level": 3, "vip": True}


def test_a_replayed_or_expired_or_forged_identity_is_refused(http, customer, other):
    once = identity(sub="c-8")
    assert identify(customer, once).status_code == 204
    replayed = identify(other, once)
    assert (replayed.status_code, replayed.json()["error"]) == (403, "identity_replayed")
    assert identify(other, identity(exp=time.time() - 120)).json()["error"] == "token_expired"
    for refused in (
        identity(exp=time.time() + 7200),
        identity(sub=""),
        identity(sub=7),
        sign({"sub": "c", "exp": time.time() + 9}, SECRET.encode()),
        sign({"sub": "c", "jti": "1", "exp": time.time() + 9}, b"another secret"),
    ):
        assert identify(other, refused).status_code == 401


def test_a_conversation_has_one_named_customer(http, customer, other):
    assert identify(customer, identity(sub="c-9")).status_code == 204
    assert identify(customer, identity(sub="c-9", name="A")).status_code == 204
    assert identify(customer, identity(sub="c-10")).status_code == 409
    assert identify(other, identity(sub="c-9")).status_code == 204


def test_an_identified_customer_is_erased_with_all_conversations(http, server):
    mine = [new_customer(http), new_customer(http)]
    for customer in mine:
        customer.ask("退货")
        assert identify(customer, identity(sub="to-erase")).status_code == 204
    erased = server.run(server.services.work.run(lambda s: erase_customer(s, "to-erase")))
    assert (erased.customers, erased.conversations) == (1, 2)
    assert http.get(f"{mine[0].path}/messages", headers=mine[0].headers).status_code == 404


def test_without_a_secret_nobody_is_identified(tmp_path):
    import httpx2

    with trial_server(tmp_path) as server, httpx2.Client(base_url=server.url) as http:
        response = identify(new_customer(http), identity())
        assert response.json()["error"] == "identity_not_configured"

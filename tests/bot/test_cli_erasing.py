"""`kefu erase`: nothing of the customer is left in the home, and the next bundle knows nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import update

from bot.cli import execute
from finetune.decisions import decide
from finetune.types_review import NewKnowledge, ThisIntent
from finetune.weak import collect_weak
from storage.base import utc_now
from storage.conversations import Conversations
from storage.database import Database, sqlite_url
from storage.examples import Examples
from storage.messages import conversations
from storage.review import ReviewQueue
from storage.types import Example, NewMessage, NewReply, Role
from tests.bot.test_cli_learning import ANSWERS, QUESTIONS, language_of

SECRET = "zyxwombatq"
"""A word that nobody else says."""


@pytest.fixture(autouse=True)
def _logging_as_before():
    yield
    structlog.reset_defaults()


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.delenv("KEFU_SHOP", raising=False)
    rows = ["question,intent,answer"]
    for intent, questions in QUESTIONS.items():
        rows += [f'{q},{intent},"{ANSWERS[intent][language_of(q)]}"' for q in questions]
    (tmp_path / "history.csv").write_text("\n".join(rows), "utf-8")
    home = tmp_path / "home"
    assert execute(["import", "history", str(tmp_path / "history.csv"), "--home", str(home)]) == 0
    return home


@pytest.fixture
def run(home, capsys):
    def run_json(*arguments, code=0):
        capsys.readouterr()
        found = execute([*map(str, arguments), "--json", "--home", str(home)])
        out, err = capsys.readouterr()
        assert found == code, err
        return json.loads(out)

    return run_json


@pytest.fixture
def database(home):
    database = Database(sqlite_url(home / "kefu.db"))
    yield database
    database.dispose()


def talk(database, name, texts):
    """A customer who leaves a trace of every kind: review, decisions, thumbs, an operator."""
    with database.session() as session:
        made = Conversations(session)
        conversation = made.create("web", external_customer_id=name)
        for number, text in enumerate(texts):
            new = NewMessage(conversation.id, f"m{number}", text, text, "en")
            message = made.receive(new).message
            reply = NewReply("…", "…", "en", "template", intent="refund", trace={"reason": "sure"})
            stored = made.record(message.id, reply, epoch=0, review="no_answer")
        made.add_feedback(stored.id, 1, f"said {texts[0]}")
        made.say(conversation.id, role=Role.OPERATOR, text=texts[1], masked_text=texts[1])
        made.add_to_review(message.id, "operator_answered", proposal=f"about {texts[1]}")
        collect_weak(session)
        Examples(session).add(
            [Example(f"golden {texts[0]}", "refund", None, "en", golden=True,
                     customer_id=conversation.customer_id, message_id=message.id)]
        )  # fmt: skip
        first, second, *_ = [item.id for item in ReviewQueue(session).open()]
        decide(session, [first], ThisIntent("refund"), by="ann")
        decide(session, [second], NewKnowledge("Pouches", "They are out of stock."), by="ann")
    return conversation.id


GOLDEN = {"shipping": "快递几天到", "invoice": "发票怎么开", "refund": "怎么申请退款"}


def holding(folder: Path, word: str) -> list[str]:
    """The files in which a word stands, whatever their format."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and word.encode() in path.read_bytes().lower()
    ]


def test_nothing_is_left_of_an_erased_customer(home, run, database):
    texts = [f"{SECRET} money back {n}" for n in ("one", "two", "three", "four")]
    talk(database, "secret-name", texts)
    with database.session() as session:
        Examples(session).add(
            Example(text, intent, None, "zh", source="golden", golden=True)
            for intent, text in GOLDEN.items()
        )
    first = run("retrain")
    database.dispose()
    assert holding(home / "indexes", SECRET)
    assert holding(home / "bundles" / first["bundle"], SECRET)
    erased = run("erase", "secret-name")
    assert erased["documents"] == ["review/Pouches.md"]
    assert erased["bundles"] == [first["bundle"]]
    assert erased["golden"] == 1
    kept = holding(home, SECRET) + holding(home, "secret-name")
    assert all(name.startswith(("bundles/", "encoders/")) for name in kept), kept
    marked = {each["id"]: each["erased_since"] for each in run("bundles", "list")}
    assert marked[first["bundle"]] is not None
    second = run("retrain")
    assert second["outcome"] == "promoted", second
    assert holding(home / "bundles" / second["bundle"], SECRET) == []
    assert holding(home / "indexes", SECRET) == []
    reference = json.loads((home / "bundles" / second["bundle"] / "bundle.json").read_text())
    assert holding(home / "encoders" / reference["encoder"]["source"], SECRET) == []
    assert [each["erased_since"] for each in run("bundles", "list") if each["live"]] == [None]
    assert any(
        hit["document"] == "review/Pouches.md" for hit in run("search", "pouches stock")["hits"]
    )


def test_what_is_older_than_is_kept_goes_in_batches(home, run, database):
    old = talk(database, "old", [f"{SECRET} old {n}" for n in ("a", "b", "c", "d")])
    for number in range(3):
        with database.session() as session:
            Conversations(session).create("web", external_customer_id=f"idle{number}")
    with database.session() as session:
        session.execute(update(conversations).values(updated_at=utc_now() - timedelta(days=40)))
        young = Conversations(session).create("web", external_customer_id="old")
    assert run("erase", "--older-than", 60)["conversations"] == 0
    erased = run("erase", "--older-than", 30)
    assert (erased["conversations"], erased["customers"]) == (4, 3)
    assert erased["documents"] == ["review/Pouches.md"]
    database.dispose()
    assert holding(home, SECRET) == []
    with database.session(read_only=True) as session:
        assert [each.id for each in Conversations(session).list_recent()] == [young.id]
        assert old != young.id
        assert Conversations(session).customer_address(young.id) == "old"


def test_what_to_erase_must_be_said_once(home, run):
    run("erase", code=2)
    run("erase", "somebody", "--older-than", 3, code=2)
    run("erase", "--older-than", 0, code=2)
    run("erase", "nobody", code=2)

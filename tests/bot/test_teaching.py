"""The instruction set: out of real conversations, what a person stands behind and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from finetune.errors import NotEnoughDataError, SourceError
from finetune.generator.approved import approved_turns
from finetune.generator.instructions import build_set, must_suffice, read_rows, write_set
from finetune.generator.settings import GeneratorSettings
from storage.conversations import Conversations
from storage.erasure import erase_customer
from storage.knowledge import Knowledge
from storage.review import ReviewQueue
from storage.types import NewMessage, NewPassage, NewReply, Role
from tests.bot.generator_shop import FACTS, ChatShop, teacher

SETTINGS = GeneratorSettings(model="m")


@pytest.fixture
def shop(sqlite_database):
    return ChatShop(sqlite_database)


def collected(shop):
    with shop.database.session(read_only=True) as session:
        return build_set(approved_turns(session), teacher(), SETTINGS)


def say(shop, conversation, text):
    with shop.database.session() as session:
        Conversations(session).say(
            conversation, role=Role.OPERATOR, text=text, masked_text=text
        )  # fmt: skip


def learn(shop, *texts):
    """Put passages into the knowledge; their ids."""
    passages = [NewPassage(text, "Facts", 0, len(text), "en") for text in texts]
    with shop.database.session() as session:
        for number, passage in enumerate(passages):
            name = f"d{number}.md"
            Knowledge(session).put_document(
                name=name, title=name, text=passage.text, language="en", kind="document",
                passages=[passage], content_hash=name,
            )  # fmt: skip
        return tuple(each.id for each in Knowledge(session).passages())


def test_liked_quotes_are_in_and_others_are_not(shop):
    for thing, thumb in (("red", 1), ("blue", -1), ("green", None)):
        asked = shop.ask(shop.begin(), f"how much does the {thing} kettle hold")
        shop.quote(asked, FACTS["kettle"], thumb=thumb)
    (row,) = collected(shop).rows
    assert "the red kettle" in row.prompt[-1]["content"]
    assert FACTS["kettle"] in row.prompt[-1]["content"]
    assert row.answer == "The kettle holds 1.7 litres. [1]"
    assert row.passages[0].text == FACTS["kettle"]


def test_what_stood_beside_the_answer_is_not_learned(shop):
    asked = shop.ask(shop.begin(), "how much does the red kettle hold")
    shop.quote(
        asked, FACTS["kettle"], f"{FACTS['kettle']} [1]\n\nWould you like to talk to a person?"
    )
    (row,) = collected(shop).rows
    assert row.answer == "The kettle holds 1.7 litres. [1]"


def test_an_operators_answer_counts_if_a_passage_supports_it(shop):
    ids = learn(shop, FACTS["kettle"], FACTS["parcel"])
    for thing, text in (("red", FACTS["kettle"]), ("blue", "Your parcel is with your neighbour.")):
        conversation = shop.begin()
        asked = shop.ask(conversation, f"how much does the {thing} kettle hold")
        reply = NewReply("I do not know.", "I do not know.", "en", "no_answer",
                         trace={"hits": [{"passage": number} for number in ids]})  # fmt: skip
        with shop.database.session() as session:
            Conversations(session).record(asked.id, reply, epoch=0)
        say(shop, conversation, f"Hello! {text}")
    found = collected(shop)
    assert (found.by_operators, found.unsupported) == (2, 1)
    (row,) = found.rows
    number = [each.text for each in row.passages].index(FACTS["kettle"]) + 1
    assert row.answer == f"The kettle holds 1.7 litres. [{number}]"
    assert len(row.passages) == 2


def test_what_a_review_rejected_is_out(shop):
    asked = shop.ask(shop.begin(), "how much does the red kettle hold")
    shop.quote(asked, FACTS["kettle"], thumb=-1)
    with shop.database.session() as session:
        queue = ReviewQueue(session)
        queue.decide([queue.open()[0].id], "rejected")
        Conversations(session).add_feedback(asked.id + 1, 1)
    assert not collected(shop).rows


def test_an_erased_customer_is_not_in_it(shop):
    for name in ("ann", "bob"):
        asked = shop.ask(shop.begin(name), f"how much does {name}'s kettle hold")
        shop.quote(asked, FACTS["kettle"])
    with shop.database.session() as session:
        erase_customer(session, "ann")
    (row,) = collected(shop).rows
    assert "bob's kettle" in row.prompt[-1]["content"]


def test_only_masked_texts_are_in_it(shop):
    conversation = shop.begin()
    with shop.database.session() as session:
        new = NewMessage(
            conversation, "x", "I am 13812345678, kettle?", "I am [phone], kettle?", "en"
        )
        asked = Conversations(session).receive(new).message
    shop.quote(asked, FACTS["kettle"])
    (row,) = collected(shop).rows
    assert "[phone]" in row.prompt[-1]["content"]
    assert "13812345678" not in str(row)


def test_one_question_has_one_row_the_newest_and_always_the_same_part(shop):
    for text, fact in (("Kettle size please", "kettle"), ("kettle size", "parcel")):
        shop.quote(shop.ask(shop.begin(), text), FACTS[fact])
    found = collected(shop)
    assert found.repeated == 1
    assert [row.answer for row in found.rows] == [f"{FACTS['parcel']} [1]"]
    before = {row.prompt: row.part for row in map(plain, found.rows)}
    shop.fill(("red", "blue"))
    after = {row.prompt: row.part for row in map(plain, collected(shop).rows)}
    assert before.items() <= after.items()


def plain(row):
    return replace(row, prompt=json.dumps(row.prompt))


def test_the_file_holds_the_rows_and_is_the_same_each_time(shop, tmp_path):
    shop.fill(("red", "blue"))
    found = collected(shop)
    write_set(found, tmp_path / "a.jsonl")
    write_set(collected(shop), tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert collected(shop).fingerprint == found.fingerprint
    assert read_rows(tmp_path / "a.jsonl") == list(found.rows)
    first = json.loads((tmp_path / "a.jsonl").read_text().split("\n")[0])
    assert [each["role"] for each in first["messages"]] == ["system", "user", "assistant"]
    (tmp_path / "a.jsonl").write_text("{}\n")
    with pytest.raises(SourceError, match="line 1: expected an instruction"):
        read_rows(tmp_path / "a.jsonl")


def test_too_few_are_told_with_how_many_and_how_many_are_needed(shop):
    shop.fill(("red",))
    with pytest.raises(NotEnoughDataError, match="at least 50 approved turns .*, found 2: 2 liked"):
        must_suffice(collected(shop), SETTINGS)
    with pytest.raises(NotEnoughDataError, match="at least 99 approved turns to hold out"):
        must_suffice(collected(shop), replace(SETTINGS, least_turns=1, least_held_out=99))

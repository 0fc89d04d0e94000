"""A shop whose customers liked what the bot quoted, and a tiny chat model to learn from that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.generator.prompt import parse_prompt
from bot.generator.teaching import LiveTeacher
from bot.generator.testing import write_chat_model
from bot.types import ShopFacts
from finetune.generator.approved import approved_turns
from finetune.generator.settings import GeneratorSettings
from storage.conversations import Conversations
from storage.database import Database
from storage.types import Citation, Message, NewMessage, NewReply

PROMPT = parse_prompt("Answer.\n---\n{{passages}}\n{{question}}\n{{again}}", "prompt.md")
FACTS = {"kettle": "The kettle holds 1.7 litres.", "parcel": "Parcels arrive after two days."}
ASKED = {
    "kettle": "how much does the {} kettle hold",
    "parcel": "when does the parcel to {} arrive",
}
THINGS = (
    "red", "blue", "green", "small", "large", "steel", "glass", "old", "new", "cheap", "gift",
    "office", "Paris", "Berlin", "travel", "second", "black", "white", "yellow", "round", "flat",
    "tall", "wide", "London", "Madrid", "Rome", "Tokyo", "first", "third", "cold", "hot", "plain",
)  # fmt: skip
SETTINGS = {
    "rank": 16, "alpha": 32, "dropout": 0.0, "learning_rate": 1e-2, "epochs": 15, "batch_size": 4,
    "at_once": 4, "patience": 20, "most_answer_tokens": 32,
}  # fmt: skip


def teacher() -> LiveTeacher:
    return LiveTeacher({"zh": PROMPT, "en": PROMPT}, ShopFacts())


@dataclass
class ChatShop:
    """Says things into a real database."""

    database: Database
    customers: int = 0

    def begin(self, external_id: str | None = None) -> str:
        self.customers += 1
        with self.database.session() as session:
            name = external_id or f"c{self.customers}"
            return Conversations(session).create("web", external_customer_id=name).id

    def ask(self, conversation: str, text: str) -> Message:
        with self.database.session() as session:
            conversations = Conversations(session)
            count = len(conversations.messages_after(conversation, 0))
            new = NewMessage(conversation, f"m{count}", text, text, "en")
            return conversations.receive(new).message

    def quote(
        self, asked: Message, evidence: str, answer: str | None = None, *, thumb: int | None = 1,
        hits: tuple[int, ...] = (),
    ) -> Message:  # fmt: skip
        """The bot's grounded reply with what it cites."""
        text = answer or f"{evidence} [1]"
        cited = Citation(1, evidence, "faq.md", "FAQ", 0, len(evidence))
        trace = {"hits": [{"passage": number} for number in hits]}
        reply = NewReply(text, text, "en", "grounded", citations=(cited,), trace=trace)
        with self.database.session() as session:
            stored = Conversations(session).record(asked.id, reply, epoch=0)
            if thumb is not None:
                Conversations(session).add_feedback(stored.id, thumb)
            return stored

    def fill(self, things: tuple[str, ...] = THINGS) -> None:
        """A liked reply to each question about each thing."""
        for thing in things:
            for topic, fact in FACTS.items():
                asked = self.ask(self.begin(), ASKED[topic].format(thing))
                self.quote(asked, fact)

    def model(self, folder: Path) -> Path:
        """A tiny chat model whose tokenizer knows how this shop's prompts read."""
        with self.database.session(read_only=True) as session:
            turns = approved_turns(session)
        ask = teacher()
        texts = [m["content"] for t in turns for m in ask.prompt(t, t.evidence)]
        return write_chat_model(folder, [*texts, *(t.answer for t in turns)], context=512)


def settings_for(model: Path, **changes: object) -> GeneratorSettings:
    return GeneratorSettings(model=str(model), **{**SETTINGS, **changes})

from __future__ import annotations

import pytest

from retrieval.embedded import EmbeddedEncoder
from retrieval.embedded_training import train_search_encoder
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from storage.database import Database
from storage.knowledge import Knowledge
from storage.types import NewPassage

PASSAGES = {
    "returns.zh.md": "签收后七天内可以无理由退货，运费由买家承担。",
    "kettle.zh.md": "水壶除垢：倒入柠檬酸，煮沸后静置三十分钟。",
    "filter.en.md": "Replace the water filter every six months or after 1,500 litres.",
    "sensor.zh.md": "传感器-温度-TH01 的安装高度为一米五，注意用电安全。",
    "delivery.en.md": "Delivery to the islands takes five working days.",
}
PAIRS = [
    ("怎么退货", PASSAGES["returns.zh.md"]),
    ("水壶有水垢怎么办", PASSAGES["kettle.zh.md"]),
    ("how often do I change the filter", PASSAGES["filter.en.md"]),
    ("how long does shipping to an island take", PASSAGES["delivery.en.md"]),
]


@pytest.fixture(scope="session")
def analyser() -> Analyser:
    return Analyser(Lexicon.from_package())


@pytest.fixture(scope="session")
def encoder(analyser: Analyser) -> EmbeddedEncoder:
    return train_search_encoder(PAIRS)


def put(database: Database, name: str, text: str, questions: tuple[str, ...] = ()) -> None:
    """Store a document of one passage."""
    language = "zh" if ".zh." in name else "en"
    passage = NewPassage(text, "", 0, len(text), language, questions)
    with database.session() as session:
        Knowledge(session).put_document(name, name, text, language, "document", text, [passage])


def fill(database: Database) -> None:
    """Store all of PASSAGES."""
    for name, text in PASSAGES.items():
        put(database, name, text)

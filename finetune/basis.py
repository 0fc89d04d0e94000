"""What a retraining starts from: the data, the live bundle, and what the shop says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from finetune.bundle import BundleContent, SearchEncoderRef, read_bundle
from finetune.dataset import build_dataset
from finetune.errors import BundleDamagedError
from finetune.fingerprint import training_fingerprint
from finetune.mood import MoodHead, mood_words
from finetune.mood_rows import MoodRow, moods_fingerprint, read_moods
from finetune.mood_training import train_mood
from finetune.settings import EncoderChoice, TrainingSettings, choose_settings
from finetune.shop import load_shop
from finetune.types import Dataset
from finetune.weak import collect_weak
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from storage.bundles import Bundles
from storage.database import Database
from storage.types import BundleRecord

_DEFAULT_WRONG_COST = 5.0


class HomePaths(Protocol):
    """The folders of a home, and the shop's folder where one is named."""

    @property
    def bundles_dir(self) -> Path:
        """`bundles/<id>`."""
        ...

    @property
    def encoders_dir(self) -> Path:
        """`encoders/<fingerprint>`."""
        ...

    @property
    def indexes_dir(self) -> Path:
        """Search caches."""
        ...

    @property
    def training_dir(self) -> Path:
        """Unfinished fine-tunings, and their logs."""
        ...

    @property
    def shop(self) -> Path | None:
        """The shop's folder."""
        ...


@dataclass(frozen=True, slots=True)
class Basis:
    """What a retraining starts from."""

    dataset: Dataset
    live: BundleRecord | None
    champion: BundleContent | None
    analyser: Analyser
    wrong_cost: float
    settings: TrainingSettings
    fingerprint: str
    language: str
    mood_rows: tuple[MoodRow, ...] | None = None
    """What the shop's mood.csv holds; None where no shop is named."""

    def mood(self) -> MoodHead | None:
        """The mood head, trained if need be; without a shop folder it is the live bundle's."""
        kept = self.champion.mood if self.champion is not None else None
        if self.mood_rows is None or (kept and kept.fingerprint == _moods(self.mood_rows, kept)):
            return kept
        return train_mood(self.mood_rows)

    @property
    def is_trained_already(self) -> bool:
        """Whether the live bundle is whole and was made of just this."""
        if self.live is None or self.champion is None or self.live.erased_since is not None:
            return False
        return self.live.data_fingerprint == self.fingerprint

    @property
    def search_encoder(self) -> SearchEncoderRef | None:
        """What the live bundle searches with."""
        return self.champion.encoder if self.champion is not None else None

    @property
    def knows_erased(self) -> bool:
        """Whether the live search encoder was trained here on text that was erased since."""
        erased = self.live is not None and self.live.erased_since is not None
        return erased and self.search_encoder is not None and self.search_encoder.embedded


def collect(home: HomePaths, database: Database, choice: EncoderChoice | None) -> Basis:
    """Read everything; golden questions are chosen if there are none yet."""
    with database.session() as session:
        collect_weak(session)
        dataset = build_dataset(session)
        live = Bundles(session).live()
    champion = _champion(home, live)
    settings = choose_settings(champion.settings if champion is not None else {}, choice)
    analyser, wrong_cost = _shop_says(home.shop, champion)
    mood_rows = None if home.shop is None else read_moods(home.shop)
    moods = _moods(mood_rows, champion.mood if champion is not None else None)
    fingerprint = training_fingerprint(dataset, analyser, settings, wrong_cost, moods)
    language = _language(home.shop, dataset)
    return Basis(
        dataset, live, champion, analyser, wrong_cost, settings, fingerprint, language, mood_rows
    )  # fmt: skip


def _moods(rows: tuple[MoodRow, ...] | None, kept: MoodHead | None) -> str:
    """What the mood head is made of; nothing where there is none."""
    if rows is None:
        return "" if kept is None else kept.fingerprint
    return moods_fingerprint(rows, mood_words().fingerprint) if rows else ""


def _language(shop: Path | None, dataset: Dataset) -> str:
    """The language that the report opens in: the shop's, else that of most rows."""
    if shop is not None:
        return load_shop(shop).default_language
    counts = Counter(row.language for row in dataset.rows)
    return counts.most_common(1)[0][0] if counts else "en"


def _champion(home: HomePaths, live: BundleRecord | None) -> BundleContent | None:
    """The live bundle; None where there is none, or none that can still be read."""
    if live is None:
        return None
    try:
        return read_bundle(home.bundles_dir / live.id)
    except BundleDamagedError:
        # What cannot be read cannot be compared with either: the challenger is a first bundle.
        return None


def _shop_says(shop: Path | None, champion: BundleContent | None) -> tuple[Analyser, float]:
    """The analyser with the shop's words, and the cost of a wrong reply.

    Without a shop folder they are what the live bundle was trained with.
    """
    if shop is None:
        if champion is not None:
            return champion.analyser, champion.thresholds.wrong_cost
        return Analyser(Lexicon.from_package()), _DEFAULT_WRONG_COST
    return Analyser(Lexicon.of_shop(shop)), load_shop(shop).wrong_cost

"""The bundle: everything that understanding needs, in one folder that is promoted as one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.classifier import IntentClassifier
from finetune.errors import BundleDamagedError
from finetune.manifest import DESCRIPTION, damaged, sync_to_disk, verify_bundle, write_manifest
from finetune.mood import MoodHead
from finetune.types import Thresholds
from retrieval.encoder import load_encoder
from retrieval.fusion import Fusion
from retrieval.index_cache import cache_name
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from retrieval.types import Encoder

_METRICS = "metrics.json"
_FUSION = "fusion.json"
_LEXICON = "lexicon.json"
_INTENT = "intent"
_MOOD = "mood"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class SearchEncoderRef:
    """Which encoder searches: its fingerprint, and the name or the home's folder it comes from.

    An embedded one lies in the home's `encoders/<source>`; a pretrained one is loaded by name.
    """

    fingerprint: str
    source: str
    embedded: bool

    def locate(self, encoders: Path) -> str:
        """What `load_encoder` takes."""
        return str(encoders / self.source) if self.embedded else self.source


@dataclass(frozen=True, slots=True)
class BundleContent:
    """What a bundle is made of, before it is written or after it is read."""

    classifier: IntentClassifier
    thresholds: Thresholds
    label_templates: dict[str, int | None]
    encoder: SearchEncoderRef
    analyser: Analyser
    fusion: Fusion
    data_fingerprint: str
    settings: dict[str, Any]
    metrics: dict[str, Any]
    mood: MoodHead | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as loaded for serving."""

    id: str
    folder: Path
    content: BundleContent
    search_encoder: Encoder


def write_bundle(
    folder: Path, content: BundleContent, describe: Callable[[Path], None] | None = None
) -> None:
    """Write a bundle so that it is there whole or not at all.

    `describe` adds the report and the model card before the manifest is made.
    """
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    content.classifier.save(fresh / _INTENT)
    if content.mood is not None:
        content.mood.save(fresh / _MOOD)
    content.analyser.lexicon.save(fresh / _LEXICON)
    content.fusion.save(fresh / _FUSION)
    description = {
        "format": _FORMAT,
        "thresholds": content.thresholds.as_dict(),
        "label_templates": content.label_templates,
        "encoder": {
            "fingerprint": content.encoder.fingerprint,
            "source": content.encoder.source,
            "embedded": content.encoder.embedded,
        },
        "index": cache_name(content.encoder.fingerprint, content.analyser),
        "data_fingerprint": content.data_fingerprint,
        "settings": content.settings,
    }
    _write_json(fresh / DESCRIPTION, description)
    _write_json(fresh / _METRICS, content.metrics)
    if describe is not None:
        describe(fresh)
    write_manifest(fresh)
    sync_to_disk(fresh)
    fresh.rename(folder)


def load_bundle(folder: Path, encoders: Path) -> Bundle:
    """Read a bundle and the encoder it names; raises BundleDamagedError unless it is whole."""
    content = read_bundle(folder)
    encoder = load_encoder(content.encoder.locate(encoders))
    if encoder.fingerprint != content.encoder.fingerprint:
        raise BundleDamagedError(
            f"bundle {folder.name} was made for the search encoder {content.encoder.fingerprint}, "
            f"found {encoder.fingerprint} in its place; run `kefu retrain --force`"
        )
    return Bundle(folder.name, folder, content, encoder)


def read_bundle(folder: Path) -> BundleContent:
    """Read a bundle's own files, without its search encoder."""
    verify_bundle(folder)
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        return BundleContent(
            classifier=IntentClassifier.load(folder / _INTENT),
            thresholds=Thresholds(**description["thresholds"]),
            label_templates=description["label_templates"],
            encoder=SearchEncoderRef(**description["encoder"]),
            analyser=Analyser(Lexicon.load(folder / _LEXICON)),
            fusion=Fusion.load(folder / _FUSION),
            data_fingerprint=description["data_fingerprint"],
            settings=description["settings"],
            metrics=json.loads((folder / _METRICS).read_text(encoding="utf-8")),
            mood=MoodHead.load(folder / _MOOD),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(folder, str(error)) from error


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")

"""The shop folder of a home: where it is, and bringing the home up to date with it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from bot.commands.options import open_database
from bot.commands.output import ProgressBars, say
from storage.errors import InputError

if TYPE_CHECKING:
    from bot.settings import Settings
    from retrieval.types import Problem

SAMPLES_PER_LANGUAGE = 4


def sample_shop() -> Path:
    """The sample shop of the checkout."""
    import finetune

    folder = Path(finetune.__file__).resolve().parent.parent / "examples" / "shop"
    if not folder.is_dir():
        raise InputError(
            f"expected the sample shop in {folder}, found none; install Kefu from a checkout"
        )
    return folder


def shop_folder(settings: Settings) -> Path:
    """The folder to load: that of the settings, else the sample shop.

    A home that was run with another shop, whose folder is gone, does not get the sample's.
    """
    if settings.shop is None and settings.shop_note.exists():
        raise InputError(
            "expected the shop folder that this home was last run with, found it gone; "
            "name one with --shop"
        )
    folder = settings.shop or sample_shop()
    if not (folder / "shop.toml").is_file():
        raise InputError(
            f"expected a shop folder with a shop.toml at {folder}, found none; "
            "`kefu init DIR` makes one"
        )
    return folder


def prepare(settings: Settings, progress: ProgressBars) -> None:
    """Load what changed in the shop's folder, and train if nothing is live."""
    from bot.commands.training import retrain_home
    from finetune.shopfolder import KNOWLEDGE_FOLDER, import_shop
    from retrieval.ahead import read_ahead
    from storage.bundles import Bundles

    folder = shop_folder(settings)
    with open_database(settings) as database:
        knowledge = folder / KNOWLEDGE_FOLDER
        ahead = read_ahead(database, [knowledge], progress=progress) if knowledge.is_dir() else {}
        with database.session() as session:
            report = import_shop(session, folder, progress=progress, ahead=ahead)
            live = Bundles(session).live_id()
        tell_problems(report.problems)
        _remember(settings, folder)
        if live is not None and is_whole(settings, live):
            return
        outcome = retrain_home(settings, database, choice=None, force=False, progress=progress)
        for reason in outcome.reasons:
            say(f"kefu: {reason}")


def _remember(settings: Settings, folder: Path) -> None:
    """Let the other commands know the shop folder of this home."""
    new = settings.shop_note.with_suffix(".new")
    new.write_bytes(os.fsencode(folder.resolve()))
    new.replace(settings.shop_note)


def is_whole(settings: Settings, bundle_id: str) -> bool:
    """Whether the live bundle can be served; says so where it cannot."""
    from finetune.errors import BundleDamagedError
    from finetune.manifest import verify_bundle

    try:
        verify_bundle(settings.bundles_dir / bundle_id)
    except BundleDamagedError as error:
        say(f"kefu: {error}; training a new one")
        return False
    return True


def tell_problems(problems: Sequence[Problem], limit: int = 20) -> None:
    """What an import could not use, a line each, on stderr."""
    for problem in problems[:limit]:
        where = problem.source if problem.line is None else f"{problem.source}:{problem.line}"
        say(f"kefu: {where}: {problem.reason}")
    if len(problems) > limit:
        say(f"kefu: and {len(problems) - limit} more like these")


def sample_questions(shop: Path | None) -> list[str]:
    """The questions that the shop suggests, the languages taking turns."""
    from finetune.shop import load_shop

    if shop is None:
        return []
    suggested = load_shop(shop).suggested_questions.values()
    turns = zip_longest(*(questions[:SAMPLES_PER_LANGUAGE] for questions in suggested))
    return [question for question in chain.from_iterable(turns) if question]

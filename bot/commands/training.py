"""`kefu retrain`: collect, train, evaluate, pass the gate, promote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.lock import TRAINING_LOCK, only_one
from bot.commands.options import Home, Json, open_database, settings_for
from bot.commands.output import Progress, ProgressBars, say, show, show_json

if TYPE_CHECKING:
    from bot.settings import Settings
    from finetune.types import RetrainOutcome
    from storage.database import Database


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(retrain)


def retrain(
    ctx: typer.Context,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME_OR_PATH",
            help="A sentence-transformers model; the shop's own small one, if not given.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Train although the data has not changed.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Learn from everything in the home; the result goes live if the gate lets it."""
    settings = settings_for(ctx, home)
    with open_database(settings) as database, ProgressBars() as progress:
        outcome = retrain_home(settings, database, encoder=encoder, force=force, progress=progress)
    if as_json:
        show_json(as_document(outcome))
    else:
        _tell(outcome)
    if outcome.outcome == "refused":
        raise typer.Exit(1)


def retrain_home(
    settings: Settings,
    database: Database,
    *,
    encoder: str | None,
    force: bool,
    progress: Progress,
) -> RetrainOutcome:
    """One retraining of a home, beside which there is no other."""
    with only_one(settings.home, TRAINING_LOCK):
        return train_home(settings, database, encoder=encoder, force=force, progress=progress)


def train_home(
    settings: Settings,
    database: Database,
    *,
    encoder: str | None,
    force: bool,
    progress: Progress,
) -> RetrainOutcome:
    """As `retrain_home`, for whoever holds the lock of trainings already."""
    from finetune.leftovers import sweep
    from finetune.retrain import retrain as train

    sweep(settings)
    return train(settings, database, encoder=encoder, force=force, progress=progress)


def as_document(outcome: RetrainOutcome) -> dict[str, object]:
    """What `retrain --json` prints, and what a job keeps as its result."""
    return {
        "outcome": outcome.outcome,
        "bundle": outcome.bundle,
        "report": outcome.report,
        "reasons": list(outcome.reasons),
        "seconds": outcome.seconds,
    }


def _tell(outcome: RetrainOutcome) -> None:
    show(f"{outcome.outcome}: {outcome.bundle or 'no bundle'}  ({outcome.seconds:.1f} s)")
    for reason in outcome.reasons:
        say(f"kefu: {reason}")
    if outcome.report is not None:
        show(f"report: {outcome.report}")

"""`kefu retrain`: collect, train, evaluate, pass the gate, promote."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.lock import TRAINING_LOCK, only_one
from bot.commands.options import Home, Json, open_database, settings_for
from bot.commands.output import Progress, ProgressBars, say, show, show_json

if TYPE_CHECKING:
    from bot.settings import Settings
    from finetune.settings import EncoderChoice
    from finetune.types import RetrainOutcome
    from storage.database import Database


class Tuning(StrEnum):
    """What happens to a pretrained encoder."""

    FROZEN = "frozen"
    FULL = "full"
    LORA = "lora"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(retrain)


def retrain(
    ctx: typer.Context,
    encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME_OR_PATH",
            help="A sentence-transformers model, or `embedded` for a small one of the shop's own; "
            "what is live now, if not given.",
        ),
    ] = None,
    tuning: Annotated[
        Tuning | None,
        typer.Option(help="frozen: train a head on its vectors; full or lora: fine-tune it."),
    ] = None,
    int8: Annotated[
        bool | None,
        typer.Option("--int8/--no-int8", help="Quantise it to 8 bits for faster replies on a CPU."),
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, help="Fine-tune in so many processes, one on each GPU.")
    ] = 1,
    force: Annotated[
        bool, typer.Option("--force", help="Train although the data has not changed.")
    ] = False,
    curve: Annotated[
        bool,
        typer.Option("--curve", help="Draw the learning curve in the report, slow or not."),
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Learn from everything in the home; the result goes live if the gate lets it."""
    settings = settings_for(ctx, home)
    with open_database(settings) as database, ProgressBars() as progress:
        choice = _choice(encoder, tuning, int8, processes)
        outcome = retrain_home(
            settings, database, choice=choice, force=force, curve=curve, progress=progress
        )
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
    choice: EncoderChoice | None,
    force: bool,
    progress: Progress,
    curve: bool = False,
) -> RetrainOutcome:
    """One retraining of a home, beside which there is no other."""
    with only_one(settings.home, TRAINING_LOCK):
        return train_home(
            settings, database, choice=choice, force=force, progress=progress, curve=curve
        )


def train_home(
    settings: Settings,
    database: Database,
    *,
    choice: EncoderChoice | None,
    force: bool,
    progress: Progress,
    curve: bool = False,
) -> RetrainOutcome:
    """As `retrain_home`, for whoever holds the lock of trainings already."""
    from finetune.leftovers import sweep
    from finetune.retrain import retrain as train

    sweep(settings)
    return train(settings, database, choice=choice, force=force, curve=curve, progress=progress)


def _choice(
    encoder: str | None, tuning: Tuning | None, int8: bool | None, processes: int
) -> EncoderChoice | None:
    """What was asked for; None where nothing was."""
    from finetune.settings import EncoderChoice

    if encoder is None and tuning is None and int8 is None:
        return None
    return EncoderChoice(encoder, tuning.value if tuning else None, int8, processes)


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

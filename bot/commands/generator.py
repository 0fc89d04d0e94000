"""`kefu generator`: fine-tune the local chat model on approved answers, promote, go back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.bundles import who
from bot.commands.lock import TRAINING_LOCK, only_one
from bot.commands.options import Home, Json, group, open_database, settings_for
from bot.commands.output import ProgressBars, document, say, show, show_json, show_table
from storage.errors import InputError

if TYPE_CHECKING:
    from bot.generator.teaching import LiveTeacher
    from bot.settings import Settings
    from finetune.generator.settings import GeneratorSettings
    from finetune.generator.tune import TuneOutcome
    from storage.types import AdapterRecord

Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME_OR_PATH", help="The chat model; KEFU_GENERATOR_MODEL, if not given."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    commands = group("generator", "Fine-tune the local chat model on answers people approved.")
    commands.command("dataset")(dataset)
    commands.command("train")(train)
    commands.command("list")(list_adapters)
    commands.command("promote")(promote)
    commands.command("rollback")(rollback)
    app.add_typer(commands)


def dataset(
    ctx: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Write the rows here, as JSON lines.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Count the approved answers that a chat model can be trained on, and why others are left out.

    A written FILE is yours: erasing a customer does not reach it.
    """
    from finetune.generator.instructions import write_set
    from finetune.generator.settings import GeneratorSettings
    from finetune.generator.tune import collect_set

    settings = settings_for(ctx, home)
    chosen = GeneratorSettings(model=settings.generator_model or "none")
    with open_database(settings) as database:
        found = collect_set(database, _teacher(settings), chosen)
    if file is not None:
        try:
            write_set(found, file)
        except OSError as error:
            raise InputError(f"expected to write {file}, found: {error.strerror}") from error
    counts = {**found.counts(), "needed": chosen.least_turns}
    if as_json:
        written = None if file is None else str(file)
        show_json({**counts, "fingerprint": found.fingerprint, "file": written})
        return
    show_table(("approved turns", "n"), counts.items())


def train(
    ctx: typer.Context,
    model: Model = None,
    epochs: Annotated[int, typer.Option(min=1, help="Rounds over all rows at most.")] = 3,
    rank: Annotated[int, typer.Option(min=1, help="Rank of the low-rank additions.")] = 16,
    learning_rate: Annotated[float, typer.Option(help="The highest learning rate.")] = 2e-4,
    least_turns: Annotated[
        int, typer.Option(min=1, help="So many approved answers must there be.")
    ] = 50,
    checkpointing: Annotated[
        bool, typer.Option("--checkpointing", help="Less GPU memory for a third more time.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Train although nothing has changed.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Train an adapter (LoRA) on approved answers; it goes live if the gate lets it.

    An interrupted training goes on at its last epoch.
    """
    from finetune.generator.settings import GeneratorSettings
    from finetune.generator.tune import REFUSED, tune_generator

    settings = settings_for(ctx, home)
    chosen = GeneratorSettings(
        model=_model(model, settings),
        epochs=epochs,
        rank=rank,
        alpha=2 * rank,
        learning_rate=learning_rate,
        least_turns=least_turns,
        checkpointing=checkpointing,
    )
    with (
        open_database(settings) as database,
        only_one(settings.home, TRAINING_LOCK),
        ProgressBars() as progress,
    ):
        outcome = tune_generator(
            settings, database, chosen, _teacher(settings),
            device=settings.generator_device, force=force, progress=progress,
        )  # fmt: skip
    _tell_outcome(outcome, chosen, settings, as_json)
    if outcome.outcome == REFUSED:
        raise typer.Exit(1)


def _model(named: str | None, settings: Settings) -> str:
    from finetune.generator.adapter import base_name

    model = named or settings.generator_model
    if model is None:
        raise InputError(
            "expected a chat model to train, found none: name one with --model or "
            "KEFU_GENERATOR_MODEL"
        )
    return base_name(model)


def _teacher(settings: Settings) -> LiveTeacher:
    from bot.generator.prompt import load_prompts
    from bot.generator.teaching import LiveTeacher
    from bot.loading import load_shop_facts

    return LiveTeacher(load_prompts(settings.shop), load_shop_facts(settings))


def _tell_outcome(
    outcome: TuneOutcome, chosen: GeneratorSettings, settings: Settings, as_json: bool
) -> None:
    if as_json:
        show_json(document(outcome))
        return
    show(f"{outcome.outcome}: {outcome.adapter}  ({outcome.seconds:.1f} s)")
    for reason in outcome.reasons:
        say(f"kefu: {reason}")
    if outcome.metrics:
        before, after = outcome.metrics["before"], outcome.metrics["after"]
        rows = [(name, before[name], after[name]) for name in before]
        show_table(("held-out questions", "live", "new"), rows)
    if settings.generator != "transformers":
        say(f"kefu: it serves with KEFU_GENERATOR=transformers KEFU_GENERATOR_MODEL={chosen.model}")


def list_adapters(ctx: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """List every adapter, newest first."""
    from storage.adapters import Adapters

    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        found = Adapters(session).list()
    if as_json:
        show_json([document(each) for each in found])
        return
    rows = [
        (each.id, f"{each.created_at:%Y-%m-%d %H:%M}", each.base, each.outcome, _remarks(each))
        for each in found
    ]
    show_table(("adapter", "made", "chat model", "outcome", ""), rows)


def promote(
    ctx: typer.Context,
    adapter: Annotated[
        str, typer.Argument(metavar="ID", help="An adapter's id, see `generator list`.")
    ],
    override: Annotated[
        bool, typer.Option("--override", help="Promote although the gate refused it; logged.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")] = "promoted by hand",
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Make an adapter live; running servers pick it up by themselves."""
    from finetune.generator.adapter import verify_adapter
    from storage.adapters import Adapters

    settings = settings_for(ctx, home)
    with open_database(settings) as database:
        with database.session(read_only=True) as session:
            Adapters(session).get(adapter)
        verify_adapter(settings.adapters_dir / adapter)
        with database.session() as session:
            Adapters(session).promote(adapter, by=who(), reason=reason, override=override)
            found = Adapters(session).get(adapter)
    _tell(found, as_json)


def rollback(ctx: typer.Context, as_json: Json = False, home: Home = None) -> None:
    """Go back to the adapter that was live before, or to the chat model as it came."""
    from finetune.generator.adapter import verify_adapter
    from storage.adapters import Adapters

    settings = settings_for(ctx, home)
    with open_database(settings) as database:
        with database.session(read_only=True) as session:
            previous = Adapters(session).previous()
        if previous is not None:
            verify_adapter(settings.adapters_dir / previous.id)
        with database.session() as session:
            Adapters(session).roll_back(previous.id if previous else None, by=who())
            found = Adapters(session).live()
    _tell(found, as_json)


def _tell(adapter: AdapterRecord | None, as_json: bool) -> None:
    if as_json:
        show_json(None if adapter is None else document(adapter))
    elif adapter is None:
        show("no adapter is live: the chat model writes as it came")
    else:
        show("  ".join(filter(None, (adapter.id, adapter.outcome, _remarks(adapter)))))


def _remarks(adapter: AdapterRecord) -> str:
    said = {
        "live": adapter.live,
        "trained on data erased since: train again": adapter.erased_since is not None,
    }
    return ", ".join(remark for remark, holds in said.items() if holds)

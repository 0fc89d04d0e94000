"""`kefu evaluate`: how good are the replies, how good is the search?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.options import Home, Json, group, open_database, settings_for
from bot.commands.output import ProgressBars, show, show_json, show_table
from bot.commands.shops import tell_problems

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.stories import Failure, Story
    from finetune.crossval import CrossValidation
    from finetune.report.data import CurvePoint
    from finetune.types import ReplyMetrics
    from retrieval.types import Problem, SearchMetrics

Questions = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A csv, jsonl or xlsx file.", exists=True, dir_okay=False),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    commands = group(
        "evaluate", "Measure the live bundle on questions of yours, or training itself."
    )
    commands.command("replies")(replies)
    commands.command("search")(search)
    commands.command("stories")(stories)
    commands.command("training")(training)
    app.add_typer(commands)


def replies(ctx: typer.Context, file: Questions, as_json: Json = False, home: Home = None) -> None:
    """Measure replies; columns: question, and intent and/or answer."""
    import asyncio

    metrics, problems = asyncio.run(_replies(settings_for(ctx, home), file))
    _tell(metrics.as_dict(), problems, as_json)


def search(ctx: typer.Context, file: Questions, as_json: Json = False, home: Home = None) -> None:
    """Measure search; columns: question, and passage or document."""
    import asyncio

    metrics, problems = asyncio.run(_search(settings_for(ctx, home), file))
    _tell(metrics.as_dict(), problems, as_json)


def stories(
    ctx: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A YAML file, or a folder of them.", exists=True)
    ],
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Play whole conversations and tell which no longer come out as written."""
    import asyncio

    from bot.stories import read_stories

    told = read_stories(path)
    failures = asyncio.run(_stories(settings_for(ctx, home), told))
    found = {
        "n": len(told),
        "passed": len(told) - len(failures),
        "failed": [asdict(each) for each in failures],
    }
    if as_json:
        show_json(found)
    else:
        show(f"{found['passed']} of {found['n']} stories come out as written")
        for each in failures:
            show(f"{each.file}: {each.story}, turn {each.step}: {each.customer}")
            show(f"  expected {dict(each.expected)}, found {dict(each.found)}")
            show(f"  {dict(each.trace)}")
    if failures:
        raise typer.Exit(1)


def training(
    ctx: typer.Context,
    folds: Annotated[int, typer.Option(help="Into how many parts to cut the rows.", min=2)] = 5,
    curve: Annotated[
        bool, typer.Option("--curve", help="Draw the learning curve instead.")
    ] = False,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Cross-validate on the home's training rows; nothing is promoted."""
    from finetune.crossval import cross_validate
    from finetune.learning_curve import learning_curve
    from finetune.retrain import training_of

    settings = settings_for(ctx, home)
    with open_database(settings) as database, ProgressBars() as progress:
        rows, train = training_of(settings, database)
        if curve:
            points = learning_curve(rows, train, progress=progress)
        else:
            found = cross_validate(rows, train, folds=folds, progress=progress)
    if curve:
        _tell_curve(points, as_json)
    else:
        _tell_folds(found, as_json)


def _tell_curve(points: Sequence[CurvePoint], as_json: bool) -> None:
    if as_json:
        show_json({"curve": [asdict(point) for point in points]})
        return
    rows = [(f"{point.share:.0%}", point.rows, point.accuracy) for point in points]
    show_table(("share", "rows", "accuracy"), rows)


def _tell_folds(found: CrossValidation, as_json: bool) -> None:
    if as_json:
        show_json(found.as_dict())
        return
    rows = [
        (number, each.trained, each.asked, each.accuracy, each.macro_f1, each.ece)
        for number, each in enumerate(found.folds, 1)
    ]
    show_table(("fold", "trained", "asked", "accuracy", "macro F1", "ece"), rows)
    show(
        f"accuracy {found.accuracy:.3f} ± {found.spread:.3f} (standard deviation between folds), "
        f"macro F1 {found.macro_f1:.3f}, ece {found.ece:.3f}"
    )


async def _stories(settings: Settings, told: list[Story]) -> list[Failure]:
    from bot.services import open_services
    from bot.stories import play_all

    async with open_services(settings, watch=False) as services:
        with ProgressBars() as progress:
            return await play_all(services, told, lambda share: progress("stories", share))


async def _replies(settings: Settings, file: Path) -> tuple[ReplyMetrics, Sequence[Problem]]:
    from bot.evaluate import evaluate_file
    from bot.services import open_services

    async with open_services(settings, watch=False) as services:
        with ProgressBars() as progress:
            return await evaluate_file(services, file, lambda share: progress("replies", share))


async def _search(settings: Settings, file: Path) -> tuple[SearchMetrics, Sequence[Problem]]:
    from bot.commands.asking import live_index
    from bot.services import open_services
    from retrieval.evaluate import evaluate_search, read_search_rows

    rows, problems = read_search_rows(file)
    async with open_services(settings, watch=False) as services:
        index = live_index(services)
        with ProgressBars() as progress:
            metrics = await services.compute.run(
                lambda: evaluate_search(
                    index, rows, progress=lambda share: progress("search", share)
                )
            )
    return metrics, problems


def _tell(metrics: Mapping[str, Any], problems: Sequence[Problem], as_json: bool) -> None:
    tell_problems(problems)
    if as_json:
        show_json(metrics)
        return
    rows = [(name, value) for name, value in metrics.items() if not isinstance(value, dict)]
    show_table(("metric", "value"), rows)
    for language, values in metrics.get("by_language", {}).items():
        show_table(("metric", "value"), list(values.items()), title=language)

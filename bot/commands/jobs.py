"""`kefu jobs`: what works in the background, and stopping it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.options import Home, Json, group, open_database, settings_for
from bot.commands.output import document, show, show_json, show_table

if TYPE_CHECKING:
    from storage.types import Job

JobId = Annotated[int, typer.Argument(metavar="ID", help="A job's id, see `jobs list`.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    commands = group("jobs", "See and cancel background jobs, such as retrainings.")
    commands.command("list")(list_jobs)
    commands.command("cancel")(cancel)
    app.add_typer(commands)


def list_jobs(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 20,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """List background jobs, newest first."""
    from storage.jobs import Jobs

    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        found = Jobs(session).list(limit)
    if as_json:
        show_json([document(job) for job in found])
        return
    rows = [
        (each.id, each.kind, f"{each.created_at:%Y-%m-%d %H:%M}", each.status, _said(each))
        for each in found
    ]
    show_table(("id", "kind", "queued", "status", "detail"), rows)


def cancel(ctx: typer.Context, job: JobId, as_json: Json = False, home: Home = None) -> None:
    """End a job that waits; a running one ends at its next step."""
    from bot.commands.bundles import who
    from storage.jobs import Jobs

    with open_database(settings_for(ctx, home)) as database, database.session() as session:
        found = Jobs(session).cancel(job, by=who())
    if as_json:
        show_json(document(found))
        return
    told = "ends at its next step" if found.finished_at is None else "is cancelled"
    show(f"job {found.id} ({found.kind}) {told}")


def _said(job: Job) -> str:
    """How far a job is, or how it ended, in a line."""
    if job.finished_at is None:
        why = str(job.payload.get("reason") or "")
        return f"{job.progress:.0%} {job.detail}".strip() if job.owner else why
    result = job.result or {}
    reasons = "; ".join(result.get("reasons", ()))
    parts = (result.get("outcome"), result.get("bundle"), reasons, job.error, job.cancelled_by)
    return "  ".join(str(part) for part in parts if part)

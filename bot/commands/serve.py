"""`kefu run`, `serve`, `telegram` and `worker`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.commands.options import Home, settings_for

Host = Annotated[str | None, typer.Option(help="Address to listen on; KEFU_HOST, else 127.0.0.1.")]
Port = Annotated[
    int | None, typer.Option(help="Port to listen on; KEFU_PORT, else 8000.", min=0, max=65535)
]
Shop = Annotated[
    Path | None,
    typer.Option(
        help="The shop folder; KEFU_SHOP, else that of the last run, else the sample shop.",
        metavar="DIR",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (run, serve, telegram, worker):
        app.command()(command)


def run(
    ctx: typer.Context, shop: Shop = None, host: Host = None, port: Port = None, home: Home = None
) -> None:
    """Migrate, load the shop, train if nothing is live, then serve web and Telegram."""
    from bot.commands.serving import run_everything
    from bot.commands.shops import shop_folder

    settings = settings_for(ctx, home, host=host, port=port, shop=shop)
    run_everything(settings.model_copy(update={"shop": shop_folder(settings)}))


def serve(
    ctx: typer.Context, shop: Shop = None, host: Host = None, port: Port = None, home: Home = None
) -> None:
    """Serve the web API and the chat page alone."""
    from bot.commands.serving import serve_web

    serve_web(settings_for(ctx, home, host=host, port=port, shop=shop))


def telegram(
    ctx: typer.Context,
    webhook: Annotated[
        str | None,
        typer.Option(
            help="The public https address at which Telegram reaches this process, instead of "
            "being asked; KEFU_TELEGRAM_WEBHOOK.",
            metavar="URL",
        ),
    ] = None,
    shop: Shop = None,
    host: Host = None,
    port: Port = None,
    home: Home = None,
) -> None:
    """Serve the Telegram bot of KEFU_TELEGRAM_TOKEN alone."""
    from bot.commands.serving import serve_telegram

    settings = settings_for(ctx, home, host=host, port=port, shop=shop, telegram_webhook=webhook)
    serve_telegram(settings)


def worker(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Do what is queued now, then end.")] = False,
    home: Home = None,
) -> None:
    """Do queued jobs, such as a retraining that the admin page asked for."""
    from bot.commands.working import work

    work(settings_for(ctx, home), once=once)

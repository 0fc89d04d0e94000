"""Serving until told to stop: the web, Telegram, or both in one process."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

from fastapi import FastAPI

from bot.commands.lock import only_one
from bot.commands.output import ProgressBars, say, show
from bot.commands.samples import ask_samples, show_samples
from bot.commands.shops import prepare, sample_questions
from bot.commands.watching import watch_jobs
from bot.logs import configure_logging, logger
from bot.services import Services, open_services
from bot.settings import Settings
from bot.web.app import create_app, create_webhook_app
from bot.web.server import Server
from bot.webhook import Webhook, webhook_for
from storage.errors import InputError, KefuError

WEB_LOCK = "serve"
TELEGRAM_LOCK = "telegram"
LOOK_SECONDS = 0.05


class SignalFreeServer(Server):
    """The web server, without signal handlers of its own: the whole process stops as one."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to whoever runs us."""
        yield


def run_everything(settings: Settings) -> None:
    """`kefu run`: prepare the home, serve, and show what the server answers."""
    settings.prepare_home()
    with ExitStack() as held:
        held.enter_context(only_one(settings.home, WEB_LOCK))
        if settings.telegram_token is not None:
            held.enter_context(only_one(settings.home, TELEGRAM_LOCK))
        listener = held.enter_context(listen(settings))
        with ProgressBars() as progress:
            prepare(settings, progress)
        configure_logging(_log_level(settings))
        _run(_everything(settings, listener))


def _log_level(settings: Settings) -> Literal["DEBUG", "INFO", "WARNING", "ERROR"]:
    """At a terminal a line of JSON per message would bury the table, so only trouble is shown."""
    asked = "log_level" in settings.model_fields_set
    return "WARNING" if sys.stderr.isatty() and not asked else settings.log_level


def serve_web(settings: Settings) -> None:
    """`kefu serve`."""
    settings.prepare_home()
    configure_logging(settings.log_level)
    with only_one(settings.home, WEB_LOCK), listen(settings) as listener:
        _run(_web_alone(settings, listener))


def serve_telegram(settings: Settings) -> None:
    """`kefu telegram`: asks for updates, or listens for them where a webhook is set."""
    telegram_token(settings)
    webhook = webhook_for(settings)
    settings.prepare_home()
    configure_logging(settings.log_level)
    with ExitStack() as held:
        held.enter_context(only_one(settings.home, TELEGRAM_LOCK))
        listener = held.enter_context(listen(settings)) if webhook else None
        _run(_telegram_alone(settings, webhook, listener))


def telegram_token(settings: Settings) -> str:
    """The bot's token, or a line that says where to get one."""
    if settings.telegram_token is None:
        raise InputError(
            "expected a bot token in KEFU_TELEGRAM_TOKEN, found none; get one from @BotFather"
        )
    return settings.telegram_token.get_secret_value()


@contextmanager
def listen(settings: Settings) -> Iterator[socket.socket]:
    """The server's socket, opened before any long work so that a taken port is known at once."""
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        found = "another program there" if taken else (error.strerror or str(error))
        raise InputError(
            f"expected to listen on {host} port {port}, found {found}; "
            "choose another with --host or --port"
        ) from error
    # Without this a small reply waits for the acknowledgement of the one before, some 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with listener:
        yield listener


def _run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner() as runner:
        runner.run(_until_signal(work))


async def _until_signal(work: Coroutine[Any, Any, None]) -> None:
    """Run until the work ends, or Ctrl-C or SIGTERM cancels it."""
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        say("kefu: stopped")


async def _everything(settings: Settings, listener: socket.socket) -> None:
    async with open_services(settings) as services:
        await services.recover()
        webhook = webhook_for(settings)
        jobs: list[Coroutine[Any, Any, None]] = [watch_jobs(services)]
        if settings.telegram_token is not None:
            jobs.append(_telegram_beside(services, webhook))

        async def greet(address: str) -> None:
            rows = await asyncio.to_thread(ask_samples, address, sample_questions(settings.shop))
            show_samples(rows)
            _show_addresses(address)

        await _serve(services, listener, greet, jobs, webhook)


async def _web_alone(settings: Settings, listener: socket.socket) -> None:
    async def greet(address: str) -> None:
        _show_addresses(address)

    async with open_services(settings) as services:
        await services.recover()
        await _serve(services, listener, greet, [])


async def _telegram_alone(
    settings: Settings, webhook: Webhook | None, listener: socket.socket | None
) -> None:
    async with open_services(settings) as services:
        await services.recover()
        telegram = _telegram(services, webhook)
        if webhook is None or listener is None:
            await telegram
            return
        app = create_webhook_app(services, webhook)
        await _serve_app(services, app, listener, telegram)


async def _serve_app(
    services: Services, app: FastAPI, listener: socket.socket, channel: Coroutine[Any, Any, None]
) -> None:
    """Serve an app for the sake of one channel: when that ends, all ends."""
    server = _server(app, services.settings)
    web = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await channel
    finally:
        server.should_exit = True
        await asyncio.gather(web, return_exceptions=True)


def _server(app: FastAPI, settings: Settings) -> SignalFreeServer:
    return SignalFreeServer(
        app, host=settings.host, port=settings.port, trusted_proxies=settings.trusted_proxies
    )


async def _telegram(services: Services, webhook: Webhook | None) -> None:
    from bot.telegram.adapter import run_telegram

    say("kefu: the Telegram bot is being served")
    settings = services.settings
    await run_telegram(
        services,
        telegram_token(settings),
        api_base=settings.telegram_api_base,
        webhook=webhook,
    )


async def _telegram_beside(services: Services, webhook: Webhook | None) -> None:
    """Telegram next to the web: when its token is refused, the web goes on."""
    try:
        await _telegram(services, webhook)
    except KefuError as error:
        say(f"kefu: Telegram is not served: {error}")


async def _serve(
    services: Services,
    listener: socket.socket,
    greet: Callable[[str], Awaitable[None]],
    beside: list[Coroutine[Any, Any, None]],
    webhook: Webhook | None = None,
) -> None:
    """Serve the web with other jobs beside it; all of them end together."""
    server = _server(create_app(services, webhook), services.settings)
    web = asyncio.create_task(server.serve(sockets=[listener]))
    others = [asyncio.create_task(job) for job in (*beside, _greet(server, greet))]
    for task in others:
        task.add_done_callback(_report)
    try:
        await asyncio.shield(web)
    finally:
        for task in others:
            task.cancel()
        server.should_exit = True
        await asyncio.gather(web, *others, return_exceptions=True)


def _report(task: asyncio.Task[None]) -> None:
    """What runs beside the web may fail alone, but never silently."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger("cli").error("stopped_beside_the_web", exc_info=error)


async def _greet(server: Server, greet: Callable[[str], Awaitable[None]]) -> None:
    while (address := server.address) is None:
        await asyncio.sleep(LOOK_SECONDS)
    await greet(reachable(address))


def reachable(address: str) -> str:
    """Where a browser on this machine finds a server that listens everywhere."""
    return address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _show_addresses(address: str) -> None:
    show(f"chat page  {address}/")
    show(f"API docs   {address}/docs")

"""What `kefu doctor` looks at, one small function each."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy.orm import Session

from bot.commands.lock import held_by
from bot.commands.options import open_database
from bot.commands.serving import TELEGRAM_LOCK, WEB_LOCK
from bot.generator.adapters import problem_with
from bot.schedule import measure_drift
from bot.settings import Settings
from bot.surge import measure_surge
from finetune.bundle import load_bundle, read_bundle
from finetune.drift import WINDOW_DAYS
from finetune.generator.adapter import base_name
from finetune.shop import RetrainingPlan, load_shop
from retrieval.dense import DenseState
from retrieval.index_cache import saved_state
from storage import migrate
from storage.adapters import Adapters
from storage.bundles import Bundles
from storage.database import Database
from storage.errors import KefuError
from storage.examples import Examples
from storage.knowledge import Knowledge
from storage.retraining import retraining_facts
from storage.staff import StaffAccounts
from storage.templates import Templates
from storage.vectors import pgvector_problem

if TYPE_CHECKING:
    from bot.generator.openai_client import OpenAIModel

LOW_DISK_BYTES = 500_000_000

State = Literal["ok", "missing", "problem"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `missing` is worth knowing, `problem` must be mended."""

    name: str
    state: State
    detail: str


async def run_checks(settings: Settings) -> list[Check]:
    """Everything, in the order in which it must be mended."""
    checks = [_guarded("home", lambda: _home(settings))]
    if checks[0].state != "problem":
        checks += await asyncio.to_thread(_stored, settings)
    checks.append(_guarded("shop", lambda: _shop(settings)))
    checks.append(await _telegram(settings))
    checks.append(await _generator(settings))
    return checks


def _stored(settings: Settings) -> list[Check]:
    try:
        with open_database(settings) as database:
            checks = [
                _database(database),
                _guarded("vectors", lambda: _vectors(settings, database)),
                _guarded("reranker", lambda: _reranker(settings)),
            ]
            with database.session(read_only=True) as session:
                checks += [
                    _guarded("bundle", lambda: _bundle(settings, session)),
                    _guarded("search index", lambda: _index(settings, session)),
                    _guarded("content", lambda: _content(session)),
                    _guarded("staff", lambda: _staff(session)),
                    _guarded("retraining", lambda: _retraining(settings, session)),
                    _guarded("drift", lambda: _drift(session)),
                    _guarded("mood", lambda: _mood(session)),
                ]
                if settings.generator == "transformers":
                    checks.append(_guarded("adapter", lambda: _adapter(settings, session)))
            checks.append(_serving(settings))
            return checks
    except KefuError as error:
        return [Check("database", "problem", str(error))]


def _guarded(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except KefuError as error:
        return Check(name, "problem", str(error))


def _home(settings: Settings) -> Check:
    settings.prepare_home()
    free = shutil.disk_usage(settings.home).free
    if free < LOW_DISK_BYTES:
        return Check("home", "problem", f"{settings.home}: only {free // 10**6} MB of disk left")
    return Check("home", "ok", f"{settings.home.resolve()}, {free // 10**9} GB free")


def _database(database: Database) -> Check:
    found, newest = migrate.current(database), migrate.head()
    if found != newest:
        return Check("database", "problem", f"{database.url} is at {found}, expected {newest}")
    return Check("database", "ok", f"{database.url} at {found}")


def _bundle(settings: Settings, session: Session) -> Check:
    live = Bundles(session).live()
    if live is None:
        return Check("bundle", "problem", "nothing is live: import history, then `kefu retrain`")
    load_bundle(settings.bundles_dir / live.id, settings.encoders_dir)
    if live.erased_since is not None:
        told = f"{live.id} was trained on data that was erased since: run `kefu retrain`"
        return Check("bundle", "problem", told)
    return Check("bundle", "ok", f"{live.id} is live and complete")


def _adapter(settings: Settings, session: Session) -> Check:
    """What was fine-tuned of the local chat model, and whether it can serve with it."""
    live = Adapters(session).live()
    if live is None:
        return Check("adapter", "ok", "none: the chat model writes as it came")
    base = base_name(settings.generator_model or "")
    if problem := problem_with(live, settings.adapters_dir / live.id, base):
        return Check("adapter", "problem", problem)
    if live.erased_since is not None:
        told = f"{live.id} was trained on data that was erased since: run `kefu generator train`"
        return Check("adapter", "problem", told)
    return Check("adapter", "ok", f"{live.id} is live and complete")


def _reranker(settings: Settings) -> Check:
    from retrieval.rerank import load_reranker

    if settings.reranker is None:
        return Check("reranker", "ok", "none (KEFU_RERANKER names a cross-encoder)")
    load_reranker(settings.reranker)
    return Check("reranker", "ok", f"{settings.reranker} orders the best passages")


def _vectors(settings: Settings, database: Database) -> Check:
    """Where the vectors of passages are kept, and why not in the database."""
    if settings.vectors == "local":
        return Check("vectors", "ok", "in each process (KEFU_VECTORS is local)")
    problem = pgvector_problem(database)
    if problem is None:
        return Check("vectors", "ok", "pgvector, shared by all servers")
    state: State = "problem" if settings.vectors == "pgvector" else "ok"
    return Check("vectors", state, f"in each process: {problem}")


def _index(settings: Settings, session: Session) -> Check:
    """What the saved cache of the live bundle's search is made of."""
    live = Bundles(session).live()
    if live is None:
        return Check("search index", "missing", "built with the first bundle")
    content = read_bundle(settings.bundles_dir / live.id)
    saved = saved_state(settings.indexes_dir, content.encoder.fingerprint, content.analyser)
    if not saved:
        return Check("search index", "missing", "not saved yet; the next start builds it")
    told = [_told(name, DenseState(**state)) for name, state in saved.items()]
    return Check("search index", "ok", "; ".join(told))


def _told(name: str, state: DenseState) -> str:
    """Such as `dense: hnsw, 60,000 vectors, 38.9 MB, hnsw-sq8 from 300,000`."""
    said = f"{name}: {state.kind}, {state.vectors:,} vectors, {state.megabytes:,.1f} MB"
    if state.waiting:
        said += f", {state.waiting:,} not built in yet"
    if state.next_at is not None:
        said += f", {state.next_kind} from {state.next_at:,}"
    return said


def _content(session: Session) -> Check:
    counts = {
        "examples": Examples(session).count(),
        "templates": len(Templates(session).all()),
        "documents": len(Knowledge(session).documents()),
    }
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    return Check("content", "ok" if all(counts.values()) else "missing", told)


def _staff(session: Session) -> Check:
    accounts = StaffAccounts(session).list()
    if not accounts:
        return Check("staff", "missing", "no account: `kefu user add NAME --role admin`")
    return Check("staff", "ok", ", ".join(f"{each.name} ({each.role})" for each in accounts))


def _retraining(settings: Settings, session: Session) -> Check:
    """What came of the last retraining, and when the next one begins by itself."""
    facts = retraining_facts(session)
    last = "none yet" if facts.ended_at is None else f"{facts.ended_at:%Y-%m-%d}: {facts.outcome}"
    plan = RetrainingPlan() if settings.shop is None else load_shop(settings.shop).retraining
    told = f"last {last}; {facts.corrections} new corrections; {plan.in_words}"
    return Check("retraining", "problem" if facts.outcome == "failed" else "ok", told)


def _drift(session: Session) -> Check:
    drift = measure_drift(session, datetime.now(UTC))
    if drift is None:
        return Check("drift", "missing", f"needs {2 * WINDOW_DAYS:g} days after a promotion")
    told = "; ".join(drift.reasons) or f"none: {drift.now} questions last week are like before"
    return Check("drift", "missing" if drift.drifting else "ok", told)


def _mood(session: Session) -> Check:
    """Whether more customers than usual are angry or unhappy."""
    surge = measure_surge(session, datetime.now(UTC))
    return Check("mood", "missing" if surge.surging else "ok", surge.reason)


def _serving(settings: Settings) -> Check:
    holders = {name: held_by(settings.home, name) for name in (WEB_LOCK, TELEGRAM_LOCK)}
    told = [f"{name}: process {pid}" for name, pid in holders.items() if pid is not None]
    return Check("serving", "ok" if told else "missing", ", ".join(told) or "nothing serves now")


def _shop(settings: Settings) -> Check:
    if settings.shop is None:
        return Check("shop", "missing", "KEFU_SHOP is not set; `kefu run` loads the sample shop")
    shop = load_shop(settings.shop)
    return Check("shop", "ok", f"{settings.shop}: {', '.join(shop.name.values())}")


async def _telegram(settings: Settings) -> Check:
    if settings.telegram_token is None:
        return Check("telegram", "missing", "KEFU_TELEGRAM_TOKEN is not set")
    from bot.telegram.adapter import look_up_bot

    token = settings.telegram_token.get_secret_value()
    try:
        name = await look_up_bot(token, settings.telegram_api_base)
    except KefuError as error:
        return Check("telegram", "problem", str(error))
    return Check("telegram", "ok", f"@{name}")


async def _generator(settings: Settings) -> Check:
    """Which language model writes, and whether it can be reached; nothing is loaded for that."""
    from bot.generator.openai_client import OpenAIModel
    from bot.generator.prompt import load_prompts
    from bot.generator.writers import make_model

    name, where = settings.generator, settings.generator_model
    try:
        load_prompts(settings.shop)
        model = make_model(settings)
        if model is None:
            return Check("generator", "ok", "extractive: replies quote the best sentences")
        if isinstance(model, OpenAIModel):
            return await _server(model, settings)
    except KefuError as error:
        return Check("generator", "problem", str(error))
    if not Path(str(where)).is_dir():
        return Check("generator", "missing", f"{name}: {where} is no folder; it is taken by name")
    return Check("generator", "ok", f"{name}: {where} on {settings.generator_device}")


async def _server(model: OpenAIModel, settings: Settings) -> Check:
    await model.start()
    try:
        found = await model.models()
    finally:
        await model.close()
    told = f"openai: {settings.generator_model} at {settings.generator_url}"
    if settings.generator_model not in found:
        known = ", ".join(found[:5]) or "none"
        return Check("generator", "problem", f"{told}: the server has no such model, only {known}")
    return Check("generator", "ok", told)

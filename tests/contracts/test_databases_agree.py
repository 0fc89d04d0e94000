"""SQLite and PostgreSQL are one database to us: the same day's work leaves the same rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from storage.adapters import Adapters
from storage.attached import AttachedQuestions
from storage.bundles import Bundles
from storage.canned import CannedReplies
from storage.conversations import Conversations
from storage.customers import Customers
from storage.database import Database
from storage.desk import Desk
from storage.drafts import Drafts
from storage.erasure import erase_customer
from storage.errors import ConflictError
from storage.examples import Examples
from storage.feedback import save_rating
from storage.files import StoredFiles
from storage.identity import identify, use_nonce
from storage.imports import Imports
from storage.jobs import Jobs
from storage.knowledge import Knowledge
from storage.models import Base
from storage.outbox import Outbox
from storage.review import ReviewQueue
from storage.search_tests import SearchTests
from storage.service import ServiceRequests, VerificationFailures
from storage.staff import StaffAccounts
from storage.templates import Templates
from storage.types import (
    Attachment,
    Citation,
    ConversationStatus,
    DeskThread,
    Example,
    NewAttachedQuestion,
    NewMessage,
    NewPassage,
    NewReply,
    NewServiceRequest,
    Role,
    ShownDraft,
    StaffRole,
    StoredFile,
    TemplateDraft,
)
from storage.usage import GeneratorUsage


def learn(database: Database) -> None:
    with database.session() as session:
        templates = Templates(session)
        saved = templates.save(TemplateDraft("refund", {"zh": ("三天。",)}), editor="shop")
        templates.save(TemplateDraft("refund", {"zh": ("五天。",)}), editor="ann")
        templates.save(TemplateDraft("refund", {"zh": ("七天。",)}), editor="shop")
        templates.add_variant(saved.id, "k" * 64)
        examples = Examples(session)
        examples.add([Example(f"问题{n} 😀", None, "五天。", "zh", line=n) for n in range(3)])
        examples.assign_intents({1: "refund"})
        examples.mark_golden([2])
        knowledge = Knowledge(session)
        for text in ("甲。乙。", "乙。丙。"):
            parts = [NewPassage(text[n : n + 2], "", n, n + 2, "zh") for n in (0, 2)]
            knowledge.put_document("a.md", "A", text, "zh", "document", text, parts)
        attached = AttachedQuestions(session)
        asked = [
            NewAttachedQuestion("a.md", "乙。", q, "file", "q.csv") for q in ("何时😀", "几天")
        ]
        attached.put_file("q.csv", asked)
        attached.put_file("q.csv", [replace(asked[0], quote="丙。")])
        attached.add([NewAttachedQuestion("a.md", "丙。", "多久", "staff", "ann")])
        attached.remove(attached.all("a.md")[0].id)
        attached.add(asked, revive=True)
        Imports(session).record("history", "a.csv", "h", {"added": 3})
        bundles = Bundles(session)
        for bundle_id in ("b1", "b2"):
            bundles.add(bundle_id, data_fingerprint="f", metrics={"a": 0.1}, outcome="promoted")
            bundles.promote(bundle_id, by="ann", reason="first")
        adapters = Adapters(session)
        for adapter_id, used in (("a1", (1, 2)), ("a2", range(1, 99))):
            adapters.add(adapter_id, base="m", data_fingerprint="f", messages=used, metrics={},
                         outcome="trained")  # fmt: skip
            adapters.promote(adapter_id, by="ann", reason="first")
        adapters.roll_back("a1", by="ann")


def talk(database: Database, conversation_id: str, external_id: str) -> None:
    with database.session() as session:
        Conversations(session).create(
            "telegram", external_customer_id=external_id, conversation_id=conversation_id
        )
    for n in range(3):
        photo = Attachment("photo", "f\x00", size=2**40)
        new = NewMessage(conversation_id, f"m{n // 2}", "在吗\x00", "在吗", "zh", photo)
        with database.session() as session:
            received = Conversations(session).receive(new)
        if not received.is_new:
            continue
        reply = NewReply(
            "五天。", "五天。", "zh", "template", "refund", 1, 2, 0.75,
            citations=(Citation(1, "乙。", "a.md", "", 0, 2),), trace={"分": [0.1, None]},
        )  # fmt: skip
        with database.session() as session:
            stored = Conversations(session).record(
                received.message.id, reply, epoch=0, state={"步": n},
                outbox=("telegram", external_id), review="no_answer",
            )  # fmt: skip
        with database.session() as session:
            Conversations(session).add_feedback(stored.id, -1, "不对")
            Outbox(session).claim(stored.id // 2)
            Drafts(session).show(ShownDraft(received.message.id, external_id, "9"))
            Desk(session).post(f"{external_id}:{stored.id}", conversation_id)
    with database.session() as session:
        status = ConversationStatus.WAITING
        Desk(session).put(DeskThread(conversation_id, "1", 0, status, 1))
        Desk(session).put(DeskThread(conversation_id, "2", 1, status, 2))
        Customers(session).set_reachable("telegram", external_id, reachable=False)


def run_the_office(database: Database) -> None:
    with database.session() as session:
        ann = StaffAccounts(session).add("ann", "hash", StaffRole.ADMIN)
        StaffAccounts(session).add_token(ann.id, "t", "laptop", None)
        Jobs(session).enqueue("retrain", {"force": False})
        Jobs(session).claim("w", 60)
        Jobs(session).finish(1, "w", {"bundle": "b2"})
        conversations = Conversations(session)
        conversations.set_status("kept", ConversationStatus.PERSON, staff_id=ann.id)
        conversations.say(
            "kept", role=Role.OPERATOR, text="我来", masked_text="我来", staff_id=ann.id
        )
        identify(session, "kept", "41", {"名": "王"})
        use_nonce(session, "n", datetime.now(UTC) + timedelta(hours=1))
        file = StoredFile("f", "kept", "m0", "图.png", "image/png", 2)
        StoredFiles(session).add(file, b"\0\xff")
        CannedReplies(session).save("问候", {"zh": "您好"}, "ann")
        save_rating(session, "kept", 4, None)
        ReviewQueue(session).decide([1], "accepted", "shipping", by="ann")
        ReviewQueue(session).decide([2], "rejected", by="ann")
        wanted = NewServiceRequest("invoice", "R1", "SO1", {"抬头": "某公司"})
        ServiceRequests(session).add("kept", 1, wanted)
        VerificationFailures(session).add(conversations.get("kept"), "SO1")
        GeneratorUsage(session).book(date(2026, 11, 25), 400, 1000)
        GeneratorUsage(session).correct(date(2026, 11, 25), -100)
        SearchTests(session).add(actor="ann", query="退货", hits=[{"document": "a.md", "分": 0.5}])
    try:
        with database.session() as session:
            Conversations(session).receive(NewMessage("kept", "lost", "x", "x"))
            Conversations(session).create("web", conversation_id="kept")
    except ConflictError:
        pass


def rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table; of moments only whether there is one."""
    with database.session(read_only=True) as session:
        return {
            table.name: [
                {key: _timeless(value) for key, value in row.items()}
                for row in session.execute(
                    select(table).order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for table in Base.metadata.sorted_tables
        }


def _timeless(value: Any) -> Any:
    return "a moment" if isinstance(value, datetime) else value


def test_the_same_work_leaves_the_same_rows(sqlite_database, postgresql_database):
    left = []
    for database in (sqlite_database, postgresql_database):
        learn(database)
        talk(database, "kept", "41")
        talk(database, "gone", "42")
        run_the_office(database)
        with database.session() as session:
            erase_customer(session, "42")
        left.append(rows(database))
    on_sqlite, on_postgresql = left
    assert set(on_sqlite) == set(on_postgresql)
    assert [name for name, found in on_sqlite.items() if not found] == []
    for name, found in on_sqlite.items():
        assert found == on_postgresql[name], name

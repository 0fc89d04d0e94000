"""kill -9 while messages come in: every acknowledged one is there afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from storage.conversations import Conversations
from storage.database import Database

WRITER = """
import sys
from storage.conversations import Conversations
from storage.database import Database
from storage.types import NewMessage, NewReply

database = Database(sys.argv[1])
for n in range(1_000_000):
    new = NewMessage(sys.argv[2], f"m{n}", "你好", "你好")
    with database.session() as session:
        message = Conversations(session).receive(new).message
    print("received", message.id, flush=True)
    with database.session() as session:
        reply = NewReply("好", "好", "zh", "template")
        stored = Conversations(session).record(message.id, reply, epoch=0)
    print("replied", stored.id, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 6, 25])
def test_what_was_acknowledged_survives_kill_9(sqlite_database, tmp_path, acknowledged):
    with sqlite_database.session() as session:
        conversation = Conversations(session).create("web")
    lines = run_and_kill(sqlite_database, conversation.id, acknowledged)
    promised = {int(line.split()[1]) for line in lines}
    with sqlite_database.session(read_only=True) as session:
        conversations = Conversations(session)
        stored = conversations.messages_after(conversation.id, 0, limit=1_000_000)
        left = conversations.unanswered()
    assert promised <= {message.id for message in stored}
    assert [message.seq for message in stored] == list(range(1, len(stored) + 1))
    answered = [message.reply_to for message in stored if message.reply_to is not None]
    assert len(answered) == len(set(answered))
    assert len(left) <= 1
    with sqlite_database.session() as session:
        assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def run_and_kill(database: Database, conversation_id: str, acknowledged: int) -> list[str]:
    """Everything the writer acknowledged until it was killed after some acknowledgements."""
    root = Path(__file__).resolve().parents[2]
    url = f"sqlite:///{database.path}"
    command = [sys.executable, "-c", WRITER, url, conversation_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as writer:
        assert writer.stdout is not None
        lines = list(islice(writer.stdout, acknowledged))
        writer.send_signal(signal.SIGKILL)
        # What was printed before the kill is an acknowledgement too; the last line may be cut.
        lines += [line for line in writer.stdout if line.endswith("\n")]
    assert writer.returncode == -signal.SIGKILL
    assert len(lines) >= acknowledged
    return lines

"""The command line keeps its contract: exit codes, one JSON document, a home of one's own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from bot.cli import execute

ROOT = Path(__file__).resolve().parents[2]
SHOP = ROOT / "examples" / "shop"


@pytest.fixture(autouse=True)
def _logging_as_before():
    """A command sends the log to the stderr of its time, which ends with the test."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("KEFU_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KEFU_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def kefu(home, capsys):
    """Run one command: exit code, stdout, stderr."""

    def run(*arguments):
        code = execute([str(each) for each in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def kefu_json(kefu):
    """Run one command that must do well, and read its document."""

    def run(*arguments):
        code, out, err = kefu(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    return run


def test_help_loads_nothing_heavy():
    heavy = ["torch", "sqlalchemy", "pydantic", "fastapi", "aiogram", "transformers", "numpy"]
    script = (
        "import sys; from bot.cli import execute; execute(['--help']);"
        f"print('heavy:', [m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "retrain" in done.stdout
    assert done.stdout.endswith("heavy: []\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nope"], "No such command 'nope'; see `kefu --help`"),
        (["ask"], "Missing argument 'text'; see `kefu ask --help`"),
        (["ask", "hi", "--colour"], "No such option: --colour; see `kefu ask --help`"),
        (["evaluate", "replies", "/no/such/file.csv"], "does not exist"),
        (["import", "history", "/no/such/file.csv"], "expected a file at /no/such/file.csv"),
        (["run", "--port", "70000"], "65535"),
        (["bundles", "show", "b9"], "there is no bundle 'b9'"),
        (["bundles", "rollback"], "expected an earlier live bundle"),
        (["review", "reject", "5"], "5"),
        (["erase", "nobody"], "nobody"),
        (["telegram"], "KEFU_TELEGRAM_TOKEN"),
        (["ask", "hi", "--conversation", "c9"], "there is no conversation 'c9'"),
    ],
)
def test_bad_usage_and_input_exit_2_with_one_line(kefu, arguments, told):
    code, out, err = kefu(*arguments)
    (line,) = [line for line in err.splitlines() if line.startswith("kefu: ")]
    assert code == 2
    assert told in line
    assert out == ""


def test_a_refusal_with_json_is_one_document_too(kefu):
    code, out, err = kefu("bundles", "show", "b9", "--json")
    assert code == 2
    assert json.loads(out) == {"error": "not_found", "detail": "there is no bundle 'b9'"}
    assert "b9" in err


def test_a_group_alone_shows_its_help(kefu):
    code, out, err = kefu("bundles")
    assert (code, out) == (2, "")
    assert "rollback" in err


def test_a_bad_setting_is_named_and_its_value_is_not_told(kefu, monkeypatch):
    monkeypatch.setenv("KEFU_PORT", "s3cret")
    code, _, err = kefu("user", "list")
    assert code == 2
    assert "KEFU_PORT" in err
    assert "s3cret" not in err


def test_a_home_that_cannot_be_made_fails_with_1(kefu, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = kefu("user", "list", "--home", tmp_path / "file" / "home")
    assert code == 1
    assert "choose another" in err


@pytest.mark.parametrize(
    "order",
    [
        ("--home", "{}", "user", "list"),
        ("user", "--home", "{}", "list"),
        ("user", "list", "--home", "{}"),
        ("user", "list", "--home={}"),
    ],
)
def test_home_may_stand_anywhere_and_overrides_the_environment(kefu_json, home, tmp_path, order):
    other = tmp_path / "other"
    kefu_json("user", "add", "li", "--password", "long enough", "--home", other)
    assert [each["name"] for each in kefu_json(*(part.format(other) for part in order))] == ["li"]
    assert not home.exists()


def test_init_copies_the_sample_shop_once(kefu, tmp_path):
    assert kefu("init", tmp_path / "mine")[0] == 0
    copied = {path.relative_to(tmp_path / "mine") for path in (tmp_path / "mine").rglob("*")}
    assert copied == {path.relative_to(SHOP) for path in SHOP.rglob("*")}
    code, _, err = kefu("init", tmp_path / "mine")
    assert code == 2
    assert "expected a new or empty folder" in err


def test_accounts_are_added_listed_and_removed(kefu, kefu_json):
    made = kefu_json("user", "add", "小王", "--role", "admin", "--password", "long enough")
    assert (made["name"], made["role"]) == ("小王", "admin")
    assert kefu("user", "add", "小王", "--password", "long enough")[0] == 2
    code, out, _ = kefu("user", "list", "--json")
    assert "小王" in out
    assert len(json.loads(out)) == 1
    assert kefu_json("user", "remove", "小王") == {"removed": "小王"}
    assert kefu_json("user", "list") == []


def test_a_short_password_is_refused(kefu):
    code, _, err = kefu("user", "add", "li", "--password", "short")
    assert code == 2
    assert "at least 10 characters, found 5" in err


def test_an_api_token_opens_the_account(kefu_json, home):
    import hashlib

    from storage.database import Database, sqlite_url
    from storage.staff import StaffAccounts

    kefu_json("user", "add", "li", "--password", "long enough")
    token = kefu_json("user", "token", "li", "--days", "3")["token"]
    database = Database(sqlite_url(home / "kefu.db"))
    with database.session() as session:
        found = StaffAccounts(session).by_token(hashlib.sha256(token.encode()).hexdigest())
    database.dispose()
    assert found.name == "li"


def test_the_tables_go_down_and_up_again(kefu, kefu_json):
    newest = kefu_json("db", "upgrade")["newest"]
    assert kefu_json("db", "downgrade", "base") == {"revision": None, "newest": newest}
    assert kefu_json("db", "upgrade") == {"revision": newest, "newest": newest}


def test_importing_twice_changes_nothing_and_bad_rows_are_told(kefu, kefu_json, tmp_path):
    history = tmp_path / "history.csv"
    history.write_text("question,intent\n怎么退款,refund\n,refund\n快递到哪了,shipping\n", "utf-8")
    code, out, err = kefu("import", "history", history, "--json")
    first = json.loads(out)
    assert code == 0
    assert (first["added"], len(first["problems"])) == (2, 1)
    assert "history.csv:3" in err
    again = kefu_json("import", "history", history)
    assert (again["added"], again["unchanged"]) == (0, 2)


def test_knowledge_is_imported(kefu_json):
    report = kefu_json("import", "knowledge", SHOP / "knowledge")
    assert report["added"] > 0
    assert kefu_json("import", "knowledge", SHOP / "knowledge")["added"] == 0


def test_conversations_are_exported_masked(kefu, kefu_json, home, tmp_path):
    asked = kefu_json("ask", "我的电话是13812345678，怎么退款")
    code, out, _ = kefu("export")
    (line,) = out.splitlines()
    assert code == 0
    exported = json.loads(line)
    assert exported["conversation"] == asked["conversation"]
    assert [message["role"] for message in exported["messages"]] == ["customer", "bot"]
    assert "13812345678" not in out
    written = kefu_json("export", tmp_path / "all.jsonl")
    assert written["conversations"] == 1
    assert json.loads((tmp_path / "all.jsonl").read_text("utf-8")) == exported


def test_ask_goes_on_with_a_conversation(kefu_json):
    first = kefu_json("ask", "你好")
    second = kefu_json("ask", "hello again", "--conversation", first["conversation"])
    assert second["conversation"] == first["conversation"]
    assert second["message"] > first["message"]


def test_bytes_that_are_not_text_are_no_crash(kefu_json):
    assert kefu_json("ask", "caf\udce9?")["decision"] == "no_answer"


def test_what_a_customer_wrote_cannot_steer_the_terminal(kefu):
    from bot.commands.output import printable

    assert printable("a\x1b[2Jb\x07") == "a[2Jb"


def test_the_doctor_says_what_is_missing(kefu):
    code, out, _ = kefu("doctor", "--json")
    found = json.loads(out)
    states = {check["name"]: check["state"] for check in found["checks"]}
    assert code == 1
    assert found["ok"] is False
    assert states["database"] == "ok"
    assert states["bundle"] == "problem"
    assert states["telegram"] == "missing"


def test_the_doctor_examines_a_shop_folder(kefu, tmp_path):
    (tmp_path / "shop.toml").write_text('[name]\nzh = "店"\n', encoding="utf-8")
    (tmp_path / "intents.toml").write_text(
        '[[intent]]\nname = "refund"\nslots = ["days"]\ntext.zh = ["{days} 天"]\n', "utf-8"
    )
    code, out, _ = kefu("doctor", "--shop", tmp_path, "--json")
    found = json.loads(out)
    assert (code, found["ok"]) == (1, False)
    kinds = {each["kind"] for each in found["findings"] if each["level"] == "problem"}
    assert kinds == {"missing language", "action"}
    code, out, _ = kefu("doctor", "--shop", tmp_path)
    assert code == 1
    assert "2 problems" in out
    code, _, err = kefu("doctor", "--shop", tmp_path / "nowhere")
    assert code == 2
    assert err.count("\n") == 1

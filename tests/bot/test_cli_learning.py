"""The learning commands on one small home, in the order in which a person uses them."""

import json
import os

import pytest
import structlog

from bot.cli import execute
from bot.commands.lock import TRAINING_LOCK, only_one
from storage.conversations import Conversations
from storage.database import Database, sqlite_url
from storage.jobs import Jobs

QUESTIONS = {
    "refund": (
        "怎么退款", "我要退钱", "退款多久到账", "可以退款吗", "把钱退给我", "退款申请在哪",
        "how do I get a refund", "I want my money back", "refund please", "when is my refund paid",
        "can I be refunded", "give me a refund",
    ),
    "shipping": (
        "快递到哪了", "什么时候发货", "物流太慢了", "几天能送到", "查一下快递", "发货了吗",
        "where is my parcel", "when do you ship", "delivery time please", "track my shipment",
        "how long is delivery", "has it shipped",
    ),
    "invoice": (
        "怎么开发票", "发票在哪下载", "我要电子发票", "补开发票", "发票抬头写错了", "能开专票吗",
        "I need an invoice", "where is my invoice", "send the invoice", "invoice with tax number",
        "download invoice", "wrong name on the invoice",
    ),
}  # fmt: skip
ANSWERS = {
    "refund": {"zh": "退款三天内到账。", "en": "Refunds arrive within three days."},
    "shipping": {"zh": "当天发货，两天送到。", "en": "We ship the same day; it takes two days."},
    "invoice": {"zh": "发票在订单页下载。", "en": "Download the invoice on the order page."},
}
KNOWLEDGE = """# 水壶保养

## 除垢

用白醋加水煮沸十分钟。然后用清水冲洗两次。每三个月除垢一次。

# Plugs

## Germany

Germany uses plug type F. The kettle works with 230 volts.
"""


@pytest.fixture(autouse=True)
def _logging_as_before():
    """A command sends the log to the stderr of its time, which ends with the test."""
    yield
    structlog.reset_defaults()


def language_of(text):
    return "en" if text.isascii() else "zh"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with history and knowledge, trained once."""
    folder = tmp_path_factory.mktemp("learning")
    rows = ["question,intent,answer"]
    for intent, questions in QUESTIONS.items():
        rows += [f'{q},{intent},"{ANSWERS[intent][language_of(q)]}"' for q in questions]
    (folder / "history.csv").write_text("\n".join(rows), "utf-8")
    (folder / "kettles.md").write_text(KNOWLEDGE, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("KEFU_")]:
            patch.delenv(name)
        at = ["--home", str(folder / "home")]
        assert execute(["import", "history", str(folder / "history.csv"), *at]) == 0
        assert execute(["import", "knowledge", str(folder / "kettles.md"), *at]) == 0
        assert execute(["retrain", *at]) == 0
        yield folder / "home"


@pytest.fixture
def kefu_json(home, capsys):
    def run(*arguments, code=0):
        found = execute([*map(str, arguments), "--json", "--home", str(home)])
        out, err = capsys.readouterr()
        assert found == code, err
        return json.loads(out)

    return run


def dislike(home, message):
    database = Database(sqlite_url(home / "kefu.db"))
    with database.session() as session:
        Conversations(session).add_feedback(message, -1, "wrong")
    database.dispose()


def test_ask_says_all_that_the_contract_names(kefu_json):
    reply = kefu_json("ask", "怎么退款")
    assert set(reply) == {
        "reply", "language", "decision", "intent", "confidence", "citations", "quick_replies",
        "timings_ms", "bundle", "conversation", "message",
    }  # fmt: skip
    assert reply["language"] == "zh"
    assert reply["bundle"]


def test_ask_in_text_shows_the_reply(home, capsys):
    assert execute(["ask", "怎么退款", "--home", str(home)]) == 0
    assert "conversation " in capsys.readouterr().out


def test_search_finds_the_passage(kefu_json):
    found = kefu_json("search", "怎么除垢")
    best = found["hits"][0]
    assert "白醋" in best["text"]
    assert 0 <= best["score"] <= 1
    assert best["document"].endswith("kettles.md")


def test_replies_are_measured(kefu_json, tmp_path):
    questions = tmp_path / "test.csv"
    questions.write_text(
        "question,intent\n怎么退款,refund\n今天天气如何,oos\n发货了吗,shipping\n", "utf-8"
    )
    metrics = kefu_json("evaluate", "replies", questions)
    assert (metrics["n"], metrics["oos_n"], metrics["unknown_n"]) == (3, 1, 0)
    assert metrics["answered"] + metrics["clarified"] + metrics["refused"] == pytest.approx(1)
    assert {"accuracy", "oos_recall@5", "ece", "p95_ms"} <= set(metrics)


def test_search_says_why_and_is_narrowed(kefu_json):
    (hit, *_) = kefu_json("search", "怎么除垢")["hits"]
    assert hit["reasons"]["words"]
    assert hit["reasons"]["highlights"]
    assert kefu_json("search", "怎么除垢", "--tag", "no-such-tag")["hits"] == []


def test_gaps_are_listed(kefu_json):
    assert isinstance(kefu_json("gaps"), list)


def test_search_is_measured(kefu_json, tmp_path):
    questions = tmp_path / "search.csv"
    questions.write_text("question,passage\n怎么除垢,用白醋加水煮沸十分钟。\n", "utf-8")
    metrics = kefu_json("evaluate", "search", questions)
    assert metrics["n"] == 1
    assert set(metrics) == {
        "n", "recall@1", "recall@3", "recall@10", "mrr", "ndcg@10", "p50_ms", "p95_ms",
    }  # fmt: skip


def test_the_same_data_again_is_no_new_bundle(kefu_json):
    before = kefu_json("bundles", "list")
    outcome = kefu_json("retrain")
    assert outcome["outcome"] == "unchanged"
    assert set(outcome) == {"outcome", "bundle", "report", "reasons", "seconds"}
    assert kefu_json("bundles", "list") == before


def test_a_second_bundle_is_rolled_back(kefu_json):
    (first,) = [each for each in kefu_json("bundles", "list") if each["live"]]
    outcome = kefu_json("retrain", "--force")
    assert outcome["outcome"] == "promoted"
    assert kefu_json("bundles", "show", outcome["bundle"])["live"] is True
    assert kefu_json("bundles", "rollback")["id"] == first["id"]
    assert kefu_json("bundles", "show", first["id"])["live"] is True
    assert kefu_json("ask", "怎么退款")["bundle"] == first["id"]


def test_a_damaged_bundle_cannot_be_promoted(kefu_json, home):
    live = next(each["id"] for each in kefu_json("bundles", "list") if each["live"])
    victim = next(path for path in (home / "bundles" / live).rglob("*.safetensors"))
    whole = victim.read_bytes()
    victim.write_bytes(whole[:-1])
    try:
        refused = kefu_json("bundles", "promote", live, code=1)
        assert victim.name in refused["detail"]
    finally:
        victim.write_bytes(whole)


def test_a_damaged_bundle_is_not_gone_back_to(kefu_json, home):
    listed = kefu_json("bundles", "list")
    live = next(each["id"] for each in listed if each["live"])
    newer = next(each["id"] for each in listed if not each["live"])
    kefu_json("bundles", "promote", newer)
    description = home / "bundles" / live / "bundle.json"
    whole = description.read_text("utf-8")
    description.write_text(whole + " ", "utf-8")
    try:
        assert "bundle.json is not what" in kefu_json("bundles", "rollback", code=1)["detail"]
        assert kefu_json("bundles", "show", newer)["live"] is True
    finally:
        description.write_text(whole, "utf-8")
    assert kefu_json("bundles", "rollback")["id"] == live


def test_pruning_keeps_what_a_rollback_needs(kefu_json, home, capsys):
    pruned = kefu_json("bundles", "prune", "--keep", 0)
    assert pruned["encoders"] == pruned["indexes"] == []
    assert kefu_json("ask", "怎么退款")["reply"]
    left = {each["id"] for each in kefu_json("bundles", "list") if each["removed_at"] is None}
    assert left == {path.name for path in (home / "bundles").iterdir()}
    assert execute(["bundles", "list", "--home", str(home)]) == 0
    shown = capsys.readouterr().out
    assert shown.count("files removed") == len(pruned["bundles"])


def test_nobody_trains_beside_a_training(kefu_json, home):
    with only_one(home, TRAINING_LOCK):
        for command in (["retrain"], ["bundles", "prune"]):
            refused = kefu_json(*command, code=2)
            assert f"train in the home {home}, found process {os.getpid()}" in refused["detail"]


def test_jobs_are_listed_and_cancelled(kefu_json, home, capsys):
    database = Database(sqlite_url(home / "kefu.db"))
    with database.session() as session:
        job = Jobs(session).enqueue("retrain", {"reason": "20 new corrections"})
    database.dispose()
    assert execute(["jobs", "list", "--home", str(home)]) == 0
    assert "20 new corrections" in capsys.readouterr().out
    assert kefu_json("jobs", "cancel", job.id)["status"] == "cancelled"
    assert [each["status"] for each in kefu_json("jobs", "list")] == ["cancelled"]
    kefu_json("jobs", "cancel", job.id, code=2)


def test_a_reply_that_was_no_good_is_reviewed(kefu_json, home):
    dislike(home, kefu_json("ask", "怎么退款呀")["message"])
    cluster = next(each for each in kefu_json("review", "list") if each["question"] == "怎么退款呀")
    assert kefu_json("review", "show", cluster["id"]) == cluster
    assert cluster["size"] == 1
    assert "thumbs_down" in cluster["kinds"]
    (item,) = kefu_json("review", "list", "--items")
    assert kefu_json("review", "show", item["id"])["question"] == "怎么退款呀"
    assert kefu_json("review", "accept", cluster["id"], "--intent", "refund")["intent"] == "refund"
    assert kefu_json("review", "list") == []
    kefu_json("review", "reject", cluster["id"], code=2)
    kefu_json("review", "reject", item["id"], code=2)


def test_a_cluster_becomes_knowledge_that_search_finds_at_once(kefu_json, home, tmp_path, capsys):
    text = "长颈鹿保温壶的盖子可以单独购买，找客服报型号就行。"
    (tmp_path / "lid.md").write_text(text, "utf-8")
    for question in ("长颈鹿壶盖子坏了咋整", "长颈鹿壶盖子坏了，咋整？"):
        dislike(home, kefu_json("ask", question)["message"])
    (cluster,) = kefu_json("review", "list")
    assert cluster["size"] == 2
    for few in (["--title", "盖子"], ["--knowledge", "x"], ["--text-zh", "x"],
                ["--intent", "a", "--new-intent", "b"],
                ["--knowledge", tmp_path / "none.md", "--title", "盖子"]):  # fmt: skip
        kefu_json("review", "accept", cluster["id"], *few, code=2)
    assert execute(["review", "list", "--home", str(home)]) == 0
    assert "thumbs_down" in capsys.readouterr().out
    decided = kefu_json(
        "review", "accept", cluster["id"], "--knowledge", tmp_path / "lid.md", "--title", "盖子"
    )
    assert decided["document"] == "review/盖子.md"
    best = kefu_json("search", "长颈鹿壶盖子坏了咋整")["hits"][0]
    assert best["document"] == decided["document"]


def test_the_doctor_finds_the_bundle_whole(kefu_json):
    states = {each["name"]: each["state"] for each in kefu_json("doctor")["checks"]}
    assert states["bundle"] == "ok"
    assert states["home"] == "ok"
    assert states["retraining"] == "ok"
    assert states["drift"] == "missing"
    assert states["mood"] == "ok"


def test_stories_are_played(kefu_json, home, tmp_path, capsys):
    path = tmp_path / "stories.yaml"
    path.write_text(
        "- story: s\n  turns: [{customer: 怎么退款, intent: refund}, {customer: 发票}]\n", "utf-8"
    )
    assert kefu_json("evaluate", "stories", path) == {"n": 1, "passed": 1, "failed": []}
    path.write_text("- story: s\n  turns: [{customer: 怎么退款, intent: invoice}]\n", "utf-8")
    (failure,) = kefu_json("evaluate", "stories", path, code=1)["failed"]
    assert failure["found"] == {"intent": "refund"}
    assert execute(["evaluate", "stories", str(path), "--home", str(home)]) == 1
    assert "0 of 1 stories" in capsys.readouterr().out


def test_the_report_is_where_show_says(kefu_json, home):
    (live,) = [each["id"] for each in kefu_json("bundles", "list") if each["live"]]
    found = kefu_json("bundles", "show", live, "--report")
    assert found["page"].startswith(str(home))
    with open(found["values"], encoding="utf-8") as file:
        assert json.load(file)["bundle"] == live


def test_an_explanation_is_one_document(kefu_json, home, capsys):
    found = kefu_json("explain", "怎么退款呢")
    assert found["bundle"]
    assert found["nearest"][0]["intent"] == "refund"
    assert "退款" in max(found["words"], key=lambda word: word["weight"])["text"]
    assert [limit["name"] for limit in found["limits"]] == ["answer", "clarify", "grounded"]
    assert execute(["explain", "how do I get a refund", "--home", str(home)]) == 0
    assert "[refund]" in capsys.readouterr().out


def test_training_is_cross_validated_and_nothing_is_promoted(kefu_json, home, capsys):
    before = kefu_json("bundles", "list")
    found = kefu_json("evaluate", "training", "--folds", "2")
    assert len(found["folds"]) == 2
    assert 0 < found["accuracy"] <= 1
    assert {"spread", "macro_f1", "ece"} <= set(found)
    assert kefu_json("bundles", "list") == before
    kefu_json("evaluate", "training", "--folds", "1000", code=2)


def test_the_doctor_shows_the_search_index(home, capsys):
    execute(["doctor", "--home", str(home), "--json"])
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert checks["search index"]["state"] == "ok"
    said = checks["search index"]["detail"]
    assert "dense: flat" in said
    assert "hnsw from 31,250" in said
    assert checks["vectors"]["detail"].startswith("in each process: the database is not PostgreSQL")

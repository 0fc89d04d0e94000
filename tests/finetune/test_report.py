from __future__ import annotations

import json
from dataclasses import asdict, replace
from html.parser import HTMLParser

import numpy as np
import pytest

from finetune.calibrate import Judged
from finetune.champion import Comparison
from finetune.gate import GateVerdict, first_gate, paired_gate
from finetune.report.build import build_report
from finetune.report.data import CurvePoint
from finetune.report.files import find_report
from finetune.report.page import render
from finetune.report.summary import doubtful_labels
from finetune.report.wording import WORDING
from finetune.train import TrainedClassifier
from finetune.types import (
    Contradiction,
    DataChecks,
    Dataset,
    LabelledQuestion,
    Leak,
    Prediction,
    Thresholds,
)
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from storage.errors import NotFoundError

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\u202e{n}"
LIMITS = Thresholds(answer=0.8, clarify=0.5, grounded=0.6)


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, and the text."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.elements, self.words, self.open = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "input", "img"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)


class Labels:
    """All that a report asks of a classifier."""

    def __init__(self, labels):
        self.labels = tuple(labels)


@pytest.fixture(scope="module")
def analyser():
    return Analyser(Lexicon.from_package())


def rows(intents, each=3, text="question"):
    return tuple(
        LabelledQuestion(f"{text} {name} {n}", name, ("zh", "en")[n % 2])
        for name in intents
        for n in range(each)
    )


def judged(asked, chosen, *, inside=None):
    n = len(asked)
    right = np.array([row.label == label for row, label in zip(asked, chosen, strict=True)], bool)
    return Judged(
        confidence=np.linspace(0.2, 1.0, n),
        in_scope=np.full(n, 0.95),
        top_two=np.linspace(0.3, 1.0, n),
        right=right,
        among_two=right,
        inside=np.ones(n, bool) if inside is None else inside,
        weight=np.ones(n),
        chosen=np.array(chosen, dtype=np.str_),
    )


def report(
    analyser, intents, *, golden=(), chosen=None, verdict=None, before=None, checks=None,
    text="question", **more,
):  # fmt: skip
    trained_on = rows(intents, text=text)
    predictions = tuple(Prediction(((label, 0.9),), 0.9) for label in chosen or [])
    correct = tuple(row.label == p.label for row, p in zip(golden, predictions, strict=True))
    old = None if before is None else tuple(Prediction(((label, 0.9),), 0.9) for label in before)
    was = None if before is None else tuple(
        row.label == label for row, label in zip(golden, before, strict=True)
    )  # fmt: skip
    dataset = Dataset(
        trained_on, tuple(golden), (), dict.fromkeys(intents, 1), frozenset(), "f", (),
        checks or DataChecks(),
    )  # fmt: skip
    comparison = Comparison(
        verdict or GateVerdict(True, ("fine",), ("很好",)), predictions, correct, was,
        sum(correct) / len(correct) if correct else None, {}, 0.1, None, old,
    )  # fmt: skip
    asked = trained_on[: len(trained_on) // 2]
    trained = TrainedClassifier(
        Labels(intents), LIMITS, judged(asked, [row.label for row in asked]), asked
    )
    return build_report(
        "b1", dataset, trained, comparison, doubtful_labels(dataset.rows, analyser), **more
    )


def golden_of(pairs):
    return [LabelledQuestion(question, label, "en") for question, label in pairs]


def test_the_page_is_whole_loads_nothing_and_runs_nothing(analyser):
    data = report(analyser, ["a", "b"], golden=golden_of([("x", "a")]), chosen=["b"])
    page = render(data)
    seen = Page(page)
    assert seen.open == []
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in seen.elements}
    assert not any("style" in attrs for _, attrs in seen.elements)
    assert not any(name in {"src", "href"} for _, attrs in seen.elements for name in attrs)
    assert "http://" not in page
    assert "https://" not in page
    policy = next(attrs["content"] for _, attrs in seen.elements if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_opens_in_the_language_of_the_shop_and_has_both(analyser, language):
    page = Page(render(report(analyser, ["a", "b"], language=language)))
    shown = [attrs["id"] for tag, attrs in page.elements if tag == "input" and "checked" in attrs]
    assert shown == [f"show-{language}"]
    for wording in WORDING["title"]:
        assert wording in page.text
    assert {"fine", "很好"} <= set(page.words)


def test_every_wording_exists_in_both_languages_with_the_same_figures():
    import string

    for key, (chinese, english) in WORDING.items():
        figures = [
            {name for _, name, _, _ in string.Formatter().parse(each) if name}
            for each in (chinese, english)
        ]
        assert figures[0] == figures[1], key
        assert chinese.strip()
        assert english.strip()


def test_hostile_text_stays_inert(analyser):
    golden = golden_of([(HOSTILE, "a"), (HOSTILE, HOSTILE)])
    data = report(
        analyser,
        ["a", HOSTILE],
        golden=golden,
        chosen=[HOSTILE, "a"],
        before=["a", "a"],
        text=HOSTILE,
        verdict=GateVerdict(False, (HOSTILE,)),
        checks=DataChecks(
            leaks=(Leak(HOSTILE, HOSTILE, HOSTILE),),
            contradictions=(Contradiction(HOSTILE, ((HOSTILE, 2), ("a", 1)), "a"),),
        ),
        settings={HOSTILE: HOSTILE},
    )
    page = render(replace(data, bundle=HOSTILE))
    seen = Page(page)
    assert not {"script", "img"} & {tag for tag, _ in seen.elements}
    assert not any(name.startswith("on") for _, attrs in seen.elements for name in attrs)
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "<script>alert(1)</script>" in seen.text


def test_personal_data_is_masked_where_questions_are_shown(analyser):
    golden = golden_of([("call me on 13812345678", "a")])
    data = report(
        analyser, ["a", "b"], golden=golden, chosen=["b"], before=["a"],
        checks=DataChecks(leaks=(Leak("mail lin@example.com", "x", "a"),)),
    )  # fmt: skip
    page = render(data)
    assert "13812345678" not in page + json.dumps(asdict(data))
    assert "lin@example.com" not in page + json.dumps(asdict(data))
    assert "&lt;phone&gt;" in page


def test_without_golden_questions_and_with_one_intent(analyser):
    data = report(analyser, ["only"], verdict=first_gate(None, 0.0))
    assert data.numbers.golden_right is None
    page = Page(render(data))
    assert WORDING["not_measured"][1] in page.text
    assert data.verdict.reasons["zh"] != data.verdict.reasons["en"]


def test_without_held_out_questions(analyser):
    dataset = Dataset(rows(["a", "b"]), (), (), {}, frozenset(), "f")
    comparison = Comparison(GateVerdict(True, ()), (), (), None, None, {}, 0.0, None)
    trained = TrainedClassifier(Labels(["a", "b"]), LIMITS, judged((), ()), ())
    doubtful = doubtful_labels(dataset.rows, analyser)
    data = build_report("b1", dataset, trained, comparison, doubtful)
    assert data.coverage.answered is None
    assert WORDING["no_held_out"][0] in Page(render(data)).text


def test_three_hundred_intents_are_folded(analyser):
    names = [f"intent_{n:03}" for n in range(300)]
    golden = [LabelledQuestion(f"q {name}", name, "en") for name in names]
    data = report(analyser, names, golden=golden, chosen=names[1:] + names[:1])
    assert len(data.intents) == 600
    assert len(data.matrix.labels) == 24
    assert data.matrix.of == 300
    page = render(data)
    assert len(page) < 1_000_000
    assert Page(page).open == []
    assert "585" in page


def test_scores_are_those_of_each_language(analyser):
    golden = [LabelledQuestion(f"q{n}", "a", "en") for n in range(4)]
    data = report(analyser, ["a", "b"], golden=golden, chosen=["a", "a", "b", "b"])
    worst = data.intents[0]
    assert (worst.intent, worst.language, worst.golden) == ("a", "en", 4)
    assert worst.precision == 1.0
    assert worst.recall == pytest.approx(3 / 5)  # with one held-out question
    assert worst.f1 == pytest.approx(2 * 3 / (5 + 3))
    b_in_english = next(s for s in data.intents if (s.intent, s.language) == ("b", "en"))
    assert b_in_english.f1 is None
    assert data.confusions[0].count == 2
    assert data.matrix.counts[0][1] == 2


def test_challenge_counts_and_names_every_question():
    pairs = [(f"q{n}", "a") for n in range(10)]
    golden = golden_of(pairs)
    before = ["a"] * 6 + ["b"] * 4
    after = ["a"] * 3 + ["b"] * 3 + ["a"] * 2 + ["b"] * 2
    data = report(
        Analyser(Lexicon.from_package()), ["a", "b"], golden=golden, chosen=after, before=before
    )
    found = data.challenge
    assert (found.both_right, found.won, found.lost, found.both_wrong) == (3, 2, 3, 2)
    assert found.p == pytest.approx(1.0)
    assert [change.kind for change in found.changes] == ["lost"] * 3 + ["won"] * 2 + ["both"] * 2
    assert (found.changes[0].before, found.changes[0].after) == ("a", "b")


def test_reliability_adds_up_and_coverage_marks_the_limit(analyser):
    data = report(analyser, ["a", "b"], curve=[CurvePoint(0.5, 10, 0.5), CurvePoint(1, 20, 0.75)])
    assert sum(each.n for each in data.reliability) == data.numbers.held_out == 3
    sure = np.linspace(0.2, 1.0, 3) * 0.95
    assert data.coverage.answered == pytest.approx((sure >= 0.8).mean())
    page = render(data)
    assert "75.0%" in page
    assert page.count('class="plot"') == 4


def test_intents_with_few_rows_and_without_a_template_are_named(analyser):
    data = report(analyser, ["a", "b"])
    assert [(each.intent, each.rows) for each in data.few_rows] == [("a", 3), ("b", 3)]
    assert data.left_to_search == ()


def test_reasons_of_the_gate_are_told_in_both_languages():
    refused = paired_gate(
        [True] * 20, [False] * 10 + [True] * 10, labels=["pay"] * 20, protected={"pay"},
        search=([True] * 9, [False] * 9), corrections={"q": False},
    )  # fmt: skip
    assert len(refused.reasons) == len(refused.told_in("zh")) == 4
    assert not any(reason.isascii() for reason in refused.told_in("zh"))
    assert all(reason.isascii() for reason in refused.told_in("en"))


def test_a_bundle_without_a_report_says_what_to_do(tmp_path):
    with pytest.raises(NotFoundError, match="retrain"):
        find_report(tmp_path)

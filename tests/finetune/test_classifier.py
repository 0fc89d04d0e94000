from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from finetune.calibrate import (
    EXAMPLE,
    STRANGER,
    HeldOut,
    fit_calibration,
    judge,
    traffic_weights,
)
from finetune.classifier import IntentClassifier, Scores
from finetune.errors import BundleDamagedError, NotEnoughDataError
from finetune.settings import TrainingSettings
from finetune.splits import make_folds
from finetune.thresholds import choose_thresholds, grounded_limit
from finetune.train import train_classifier
from finetune.types import LabelledQuestion
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser

QUESTIONS = {
    "refund": ["怎么退款", "我要退款", "退款什么时候到账", "把钱还给我", "where is my refund",
               "i want my money back", "refund please", "how do i get a refund"],
    "delivery": ["什么时候发货", "几天能到", "快递到哪了", "还没收到货", "when will it arrive",
                 "how long is shipping", "where is my parcel", "delivery time"],
    "invoice": ["怎么开发票", "发票抬头写错了", "要增值税发票", "电子发票在哪里下载",
                "i need an invoice", "send me the invoice", "tax invoice please",
                "where do i download my invoice"],
    "hours": ["几点开门", "周末营业吗", "营业时间", "门店几点关门", "when do you open",
              "opening hours", "are you open on sunday", "what time do you close"],
    "coupon": ["优惠券怎么用", "优惠券过期了", "满减怎么算", "领不到券", "how do i use a coupon",
               "my voucher expired", "discount code does not work", "promo code"],
}  # fmt: skip
OUTSIDE = ["今天天气怎么样", "讲个笑话", "谁是总统", "帮我写作文", "what is the capital of peru",
           "tell me a joke", "solve this equation", "who won the match"] * 3  # fmt: skip
FAST = TrainingSettings(dimension=32, hidden=32, epochs=8, least_steps=80, folds=2)


def rows(questions=QUESTIONS, outside=()):
    inside = [
        LabelledQuestion(text, label, "zh") for label, texts in questions.items() for text in texts
    ]
    return inside + [LabelledQuestion(f"{text} {n}", "oos", "zh") for n, text in enumerate(outside)]


@pytest.fixture(scope="module")
def analyser():
    return Analyser(Lexicon.from_package())


@pytest.fixture(scope="module")
def trained(analyser):
    return train_classifier(rows(), analyser, settings=FAST)


@pytest.fixture(scope="module")
def with_outside(analyser):
    return train_classifier(rows(outside=OUTSIDE), analyser, settings=FAST)


def test_it_knows_what_it_was_taught_in_both_languages(trained):
    asked = [("退款到账了吗", "refund"), ("my parcel has not come", "delivery"),
             ("开张发票", "invoice"), ("do you open on saturday", "hours")]  # fmt: skip
    found = trained.classifier.predict([question for question, _ in asked])
    assert [prediction.label for prediction in found] == [label for _, label in asked]


def test_probabilities_fall_and_add_up_to_at_most_one(trained):
    (prediction,) = trained.classifier.predict(["退款"])
    shares = [share for _, share in prediction.ranked]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0, abs=1e-5)
    assert 0 <= prediction.in_scope <= 1


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "ꙮ", "a" * 20_000, "\x00\ufffd"])
def test_any_text_gets_a_prediction(trained, text):
    (prediction,) = trained.classifier.predict([text])
    assert len(prediction.ranked) == 5
    assert np.isfinite(prediction.in_scope)


def test_no_texts_give_no_predictions(trained):
    assert trained.classifier.predict([]) == []


def test_the_out_of_scope_class_is_never_an_answer(with_outside):
    found = with_outside.classifier.predict(["讲个笑话", "怎么退款", "tell me a joke"])
    assert all(label != "oos" for prediction in found for label, _ in prediction.ranked)
    joke, refund, english = found
    assert refund.in_scope > max(joke.in_scope, english.in_scope)


def test_training_again_gives_the_same_predictions(trained, analyser):
    again = train_classifier(rows(), analyser, settings=FAST)
    asked = ["退款", "when open", "发票"]
    assert again.classifier.predict(asked) == trained.classifier.predict(asked)
    assert again.thresholds == trained.thresholds


@pytest.mark.parametrize("name", ["trained", "with_outside"])
def test_saved_and_loaded_it_predicts_the_same(name, request, tmp_path):
    classifier = request.getfixturevalue(name).classifier
    classifier.save(tmp_path)
    loaded = IntentClassifier.load(tmp_path)
    for before, after in zip(
        classifier.predict(["退款", "open?"]), loaded.predict(["退款", "open?"]), strict=True
    ):
        assert after.label == before.label
        assert after.confidence == pytest.approx(before.confidence, abs=0.01)
        assert after.in_scope == pytest.approx(before.in_scope, abs=0.02)


@pytest.mark.parametrize(
    "name",
    [
        "lexical.safetensors",
        "classifier.json",
        "dense/network.safetensors",
        "features/vocabulary.json",
    ],
)
def test_half_a_classifier_is_refused(trained, tmp_path, name):
    trained.classifier.save(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(BundleDamagedError, match="damaged"):
        IntentClassifier.load(tmp_path)


def test_one_intent_is_too_little_to_train_on(analyser):
    with pytest.raises(NotEnoughDataError, match="at least two intents"):
        train_classifier(rows({"refund": ["退款", "退钱"]}), analyser)


def test_two_intents_of_one_question_each_still_train(analyser):
    trained = train_classifier(rows({"a": ["退款"], "b": ["发票"]}), analyser, settings=FAST)
    found = trained.classifier.predict(["退款", "发票"])
    assert [prediction.label for prediction in found] == ["a", "b"]


def test_without_the_linear_head_it_still_works(analyser):
    trained = train_classifier(rows(), analyser, settings=replace(FAST, most_lexical_classes=2))
    assert trained.classifier.predict(["怎么退款"])[0].label == "refund"


def test_whole_intents_are_left_out_where_nothing_is_out_of_scope():
    classes = np.repeat(np.arange(10), 20)
    folds = make_folds(classes, 10, FAST)
    for fold in folds:
        assert fold.left_out
        assert not np.isin(classes[fold.train], sorted(fold.left_out)).any()
        assert not np.intersect1d(fold.train, fold.held_out).size
    held = np.concatenate([fold.held_out for fold in folds])
    assert set(range(10)) <= set(classes[held])


def test_with_few_intents_none_is_left_out():
    classes = np.repeat(np.arange(4), 20)
    assert all(not fold.left_out for fold in make_folds(classes, 4, FAST))


def test_many_rows_are_held_out_once():
    classes = np.repeat(np.arange(10), 400)
    (fold,) = make_folds(classes, 10, TrainingSettings())
    inside = ~np.isin(classes[fold.held_out], sorted(fold.left_out))
    kept = 10 - len(fold.left_out)
    assert inside.sum() == kept * 60


def made_up(n=4_000, seed=0):
    """Held-out scores of an overconfident classifier over four classes."""
    random = np.random.default_rng(seed)
    expected = random.integers(0, 4, n)
    scores = random.normal(0, 1, (n, 4)).astype(np.float32)
    scores[np.arange(n), expected] += 1.5
    unknown = np.zeros(n, dtype=np.float32)
    outside = random.random(n) < 0.2
    scores[outside] = random.normal(-0.5, 0.6, (int(outside.sum()), 4))
    expected[outside] = -1
    return HeldOut(Scores(4 * scores, 6 * scores, unknown, 0 * unknown), expected, 4, tuple("abcd"))


def test_calibrated_confidence_means_what_it_says():
    calibration = fit_calibration([made_up(seed=1)], expected_oos_share=0.2)
    judged = judge([made_up(seed=2)], calibration, expected_oos_share=0.2)
    inside = judged.inside
    gap = abs(judged.confidence[inside].mean() - judged.right[inside].mean())
    assert gap < 0.03
    assert judged.in_scope[inside].mean() > judged.in_scope[~inside].mean() + 0.2


def test_a_few_right_questions_make_nobody_certain():
    expected = np.arange(6) % 3
    right = np.eye(3, dtype=np.float32)[expected]
    nothing = np.zeros(6, dtype=np.float32)
    held_out = HeldOut(Scores(right, right, nothing, nothing), expected, 3)
    few = fit_calibration([held_out], expected_oos_share=0.15)
    assert max(few.lexical, few.dense) < 5
    many = fit_calibration([held_out] * 500, expected_oos_share=0.15)
    assert many.lexical + many.dense > 1.5 * (few.lexical + few.dense)


def test_held_out_questions_count_as_they_would_in_traffic():
    expected = np.array([0] * 60 + [EXAMPLE] * 5 + [STRANGER] * 35)
    weight = traffic_weights(expected, 0.2)
    sums = [weight[expected == kind].sum() / weight.sum() for kind in (0, EXAMPLE, STRANGER)]
    assert sums == pytest.approx([0.8, 0.1, 0.1])
    assert weight.sum() == pytest.approx(len(expected))
    assert (traffic_weights(np.zeros(4, dtype=np.int64), 0.2) == 1).all()


def test_a_dearer_mistake_means_fewer_answers():
    held = made_up()
    calibration = fit_calibration([held], expected_oos_share=0.2)
    judged = judge([held], calibration, expected_oos_share=0.2)
    limits = [
        choose_thresholds(judged, "abcd", wrong_cost=cost, grounded=0.5).answer
        for cost in (1.5, 5.0, 50.0)
    ]
    assert limits[0] < limits[1] < limits[2]


def test_a_passage_is_quoted_where_quoting_pays():
    scores = np.linspace(0, 1, 2_001)
    right = scores > 0.5
    assert grounded_limit(scores, right, np.ones(2_001), wrong_cost=5) == pytest.approx(
        0.52, abs=0.04
    )


@pytest.mark.parametrize(
    ("name", "value"), [("dimension", 0), ("dropout", 1.0), ("folds", 1), ("learning_rate", -1)]
)
def test_settings_check_themselves(name, value):
    with pytest.raises(ValueError, match=f"{name}: expected .* found {value}"):
        TrainingSettings(**{name: value})


def test_an_intent_that_takes_in_what_is_not_its_own_gets_a_higher_limit():
    judged = judge(
        [made_up(seed=3)],
        fit_calibration([made_up(seed=1)], expected_oos_share=0.2),
        expected_oos_share=0.2,
    )
    even = choose_thresholds(judged, "abcd", wrong_cost=5.0, grounded=0.5)
    greedy = replace(
        judged, right=judged.right & ((judged.chosen != "c") | (judged.confidence > 0.9))
    )
    own = choose_thresholds(greedy, "abcd", wrong_cost=5.0, grounded=0.5)
    assert own.answer_for("c") > even.answer_for("c")
    assert own.answer_for("c") > own.answer
    assert own.answer_for("an intent that is new") == own.answer
    assert all(abs(limit - even.answer) < 0.2 for limit in even.by_intent.values())

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from finetune.classifier import IntentClassifier
from finetune.dense.averaging import MovingAverage
from finetune.dense.base import TrainingRows, class_balance
from finetune.dense.frozen import FrozenTrainer
from finetune.dense.job import TuningJob, remove_jobs
from finetune.dense.plan import batches_of_like_length, learning_rate_share, split_for_stopping
from finetune.dense.tuned import TuningTrainer
from finetune.dense.tuning import tune
from finetune.errors import BundleDamagedError, SettingsError
from finetune.quantised import quantised
from finetune.settings import EncoderChoice, TrainingSettings, choose_settings
from finetune.train import train_classifier
from retrieval.encoder import load_encoder
from retrieval.errors import EncoderError
from retrieval.features import Features
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from tests.finetune.test_classifier import QUESTIONS, rows


@pytest.fixture(scope="module")
def analyser():
    return Analyser(Lexicon.from_package())


@pytest.fixture(scope="module")
def data(analyser):
    texts = [text for questions in QUESTIONS.values() for text in questions]
    classes = [number for number, questions in enumerate(QUESTIONS.values()) for _ in questions]
    features = Features.fit(analyser, texts)
    return TrainingRows(
        np.array(texts, dtype=object),
        features.rows(texts),
        np.array(classes, dtype=np.int64),
        np.ones(len(texts), dtype=np.float32),
    )


def settings_for(encoder, **changes):
    fast = TrainingSettings(
        encoder=str(encoder),
        tuning="full",
        folds=2,
        tuning_epochs=6,
        tuning_batch_size=8,
        encoder_learning_rate=3e-3,
        head_learning_rate=1e-2,
    )
    return replace(fast, **changes)


def right(scorer, data):
    chosen = scorer.scores(data.questions.tolist(), data.rows).classes.argmax(axis=1)
    return (chosen == data.classes).mean()


@pytest.mark.parametrize("tuning", ["full", "lora"])
def test_tuning_learns_what_a_random_encoder_does_not_know(tiny_encoder, data, tmp_path, tuning):
    settings = settings_for(tiny_encoder, tuning=tuning, tuning_epochs=25, lora_rank=8)
    scorer = TuningTrainer(settings, tmp_path).train(
        data, 5, intents=5, stage="tuning", progress=None
    )
    vectors = load_encoder(str(tiny_encoder)).encode(data.questions.tolist())
    means = np.stack([vectors[data.classes == number].mean(axis=0) for number in range(5)])
    untrained = ((vectors @ means.T).argmax(axis=1) == data.classes).mean()
    assert right(scorer, data) > max(0.7, untrained + 0.1)
    before = load_encoder(str(tiny_encoder)).encode(["怎么退款"])
    assert np.abs(scorer.encoder.encode(["怎么退款"]) - before).max() > 0.01
    # What is kept is a plain sentence-transformers folder, whatever it was trained with.
    assert not list(scorer.folder.rglob("adapter*"))


def test_an_interrupted_tuning_goes_on_and_ends_as_if_it_had_not_been(tiny_encoder, data, tmp_path):
    settings = settings_for(tiny_encoder)
    whole = TuningJob.create(tmp_path / "whole", data, 5, settings)
    tune(whole)
    broken = TuningJob.create(tmp_path / "broken", data, 5, settings)

    def stop(stage, share):
        if share > 0.55:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(broken, progress=stop)
    assert not broken.is_done
    shares = []
    again = TuningJob.create(tmp_path / "broken", data, 5, settings)
    tune(again, progress=lambda stage, share: shares.append(share))
    assert min(shares) > 0.5, "it began anew"
    for one, other in zip(whole.result(), again.result(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_finished_tuning_is_not_done_twice_and_goes_when_its_bundle_is_written(
    tiny_encoder, data, tmp_path
):
    settings = settings_for(tiny_encoder, tuning_epochs=1)
    trainer = TuningTrainer(settings, tmp_path)
    trainer.train(data, 5, intents=5, stage="", progress=None)
    stages = []
    trainer.train(data, 5, intents=5, stage="x", progress=lambda *step: stages.append(step))
    assert stages == []
    remove_jobs(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]
    assert list((tmp_path / "logs").rglob("events.out.tfevents*"))


def test_the_first_training_finds_the_epochs_and_the_next_learn_from_all_rows(
    tiny_encoder, data, tmp_path
):
    settings = settings_for(
        tiny_encoder, tuning_epochs=3, least_stopping_rows=len(data), stopping_share=0.34
    )
    trainer = TuningTrainer(settings, tmp_path)
    trainer.train(data, 5, intents=5, stage="calibrating", progress=None)
    first = TuningJob.create(tmp_path, data, 5, settings)
    assert first.is_done
    assert len(split_for_stopping(data.classes, settings).stopping) > 0
    trainer.train(data, 5, intents=5, stage="training", progress=None)
    as_long = replace(settings, tuning_epochs=first.epochs(), stopping_share=0.0)
    assert len(split_for_stopping(data.classes, as_long).train) == len(data)
    assert TuningJob.create(tmp_path, data, 5, as_long).is_done


def test_a_moving_average_follows_and_makes_room_for_the_weights():
    weight = torch.nn.Parameter(torch.zeros(2))
    average = MovingAverage({"w": weight})
    with torch.no_grad():
        weight.fill_(1.0)
    for step in range(1, 200):
        average.update({"w": weight}, step)
        assert 0 < float(average.weights["w"][0]) < 1
    assert float(average.weights["w"][0]) > 0.9
    with average.in_place_of({"w": weight}):
        assert torch.equal(weight, average.weights["w"])
    assert torch.equal(weight, torch.ones(2))


def test_lower_layers_can_be_left_as_they_are(tiny_encoder, data, tmp_path):
    from safetensors.numpy import load_file

    settings = settings_for(tiny_encoder, frozen_layers=1, tuning_epochs=1)
    job = TuningJob.create(tmp_path, data, 5, settings)
    tune(job)
    before = load_file(next(tiny_encoder.rglob("model.safetensors")))
    after = load_file(next(job.encoder.rglob("model.safetensors")))
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    assert moved
    assert all("layer.1." in name for name in moved if "pooler" not in name)


@pytest.mark.parametrize("tuning", ["frozen", "full"])
def test_a_pretrained_classifier_is_the_same_after_it_was_saved(
    tiny_encoder, analyser, tmp_path, tuning
):
    settings = settings_for(tiny_encoder, tuning=tuning, tuning_epochs=2)
    if tuning == "frozen":
        trainer = FrozenTrainer(load_encoder(str(tiny_encoder)), str(tiny_encoder), settings)
    else:
        trainer = TuningTrainer(settings, tmp_path / "work")
    trained = train_classifier(rows(), analyser, settings=settings, trainer=trainer)
    trained.classifier.save(tmp_path / "intent")
    loaded = IntentClassifier.load(tmp_path / "intent")
    asked = ["怎么退款", "where is my parcel", "今天天气怎么样", ""]
    for before, after in zip(trained.classifier.predict(asked), loaded.predict(asked), strict=True):
        assert after.label == before.label
        assert after.confidence == pytest.approx(before.confidence, abs=0.02)
        assert after.in_scope == pytest.approx(before.in_scope, abs=0.02)


def test_another_encoder_under_the_same_name_is_refused(
    tiny_encoder, analyser, tmp_path, monkeypatch
):
    import shutil

    from safetensors.torch import load_file, save_file

    folder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, folder)
    settings = settings_for(folder, tuning="frozen")
    trainer = FrozenTrainer(load_encoder(str(folder)), str(folder), settings)
    trained = train_classifier(rows(), analyser, settings=settings, trainer=trainer)
    trained.classifier.save(tmp_path / "intent")
    weights = next(folder.rglob("model.safetensors"))
    changed = {name: tensor + 0.01 for name, tensor in load_file(weights).items()}
    save_file(changed, weights, metadata={"format": "pt"})
    with pytest.raises(BundleDamagedError, match="found pretrained-"):
        IntentClassifier.load(tmp_path / "intent")


def test_a_name_that_is_nowhere_gets_one_clear_line(monkeypatch):
    with pytest.raises(EncoderError, match="expected a sentence-transformers model named") as found:
        load_encoder("/nowhere/no-such-model")
    assert "\n" not in str(found.value)


def test_small_classes_count_for_more_but_not_for_all():
    classes = np.array([0] * 16 + [1] * 4, dtype=np.int64)
    weights = class_balance(classes, *np.unique(classes, return_counts=True))
    assert weights.mean() == pytest.approx(1)
    assert weights[-1] / weights[0] == pytest.approx(2)


def test_every_row_is_seen_once_an_epoch():
    lengths = list(np.random.default_rng(0).integers(1, 50, 103))
    batches = batches_of_like_length(np.arange(103), lengths, 8, np.random.default_rng(1))
    assert sorted(np.concatenate(batches)) == list(range(103))
    spread = [np.ptp([lengths[place] for place in batch]) for batch in batches]
    assert np.mean(spread) < np.ptp(lengths) / 2


def test_the_learning_rate_rises_then_falls_to_nothing():
    shares = [learning_rate_share(step, 100, 0.1) for step in range(101)]
    assert np.argmax(shares) in (9, 10)
    assert 0 < shares[0] <= 0.1
    assert shares[100] == 0
    assert all(0 <= share <= 1 for share in shares)


def test_few_rows_are_all_learned_from():
    classes = np.repeat(np.arange(4), 50)
    few = TrainingSettings(encoder="some", least_stopping_rows=201)
    assert not len(split_for_stopping(classes, few).stopping)
    many = split_for_stopping(classes, replace(few, least_stopping_rows=200))
    assert len(many.stopping) == 20
    assert not set(many.stopping) & set(many.train)


@pytest.mark.parametrize(
    ("live", "choice", "message"),
    [
        ({}, EncoderChoice(tuning="full"), "pretrained"),
        ({}, EncoderChoice(encoder="x", tuning="half"), "expected frozen"),
        ({"encoder": "x", "tuning": "full"}, EncoderChoice("embedded", int8=True), "pretrained"),
    ],
)
def test_a_choice_that_makes_no_sense_is_told(live, choice, message):
    with pytest.raises(SettingsError, match=message):
        choose_settings(live, choice)


def test_a_retraining_keeps_the_encoder_that_is_live():
    live = TrainingSettings(encoder="bge", tuning="lora").as_dict() | {"epochs": 99}
    kept = choose_settings(live, None)
    assert (kept.encoder, kept.tuning) == ("bge", "lora")
    assert kept.epochs == TrainingSettings().epochs
    assert choose_settings(live, EncoderChoice("embedded")) == TrainingSettings()
    assert choose_settings(live, EncoderChoice(tuning="full")).encoder == "bge"


@pytest.mark.slow
def test_several_processes_tune_through_accelerate_launch(tiny_encoder, data, tmp_path):
    settings = settings_for(tiny_encoder, tuning_epochs=25)
    trainer = TuningTrainer(settings, tmp_path, processes=2)
    scorer = trainer.train(data, 5, intents=5, stage="", progress=None)
    assert right(scorer, data) > 0.9


def test_eight_bits_say_much_the_same(tiny_encoder, analyser, tmp_path):
    settings = settings_for(tiny_encoder, tuning="frozen")
    trainer = FrozenTrainer(load_encoder(str(tiny_encoder)), str(tiny_encoder), settings)
    trained = train_classifier(rows(), analyser, settings=settings, trainer=trainer)
    smaller = quantised(trained, rows()[:20], tmp_path / "int8")
    assert abs(smaller.int8_loss) <= 0.1
    smaller.classifier.save(tmp_path / "intent")
    loaded = IntentClassifier.load(tmp_path / "intent")
    whole, exact = trained.classifier.dense.encoder, loaded.dense.encoder
    asked = ["怎么退款", "where is my parcel, it should have come a week ago", "x"]
    cosines = (whole.encode(asked) * exact.encode(asked)).sum(axis=1)
    assert cosines.min() > 0.95
    assert exact.encode([]).shape == (0, 32)
    (tmp_path / "intent" / "dense" / "encoder" / "model.onnx").write_bytes(b"no model")
    with pytest.raises(BundleDamagedError, match="damaged"):
        IntentClassifier.load(tmp_path / "intent")


def test_the_embedded_classifier_is_not_quantised(analyser, tmp_path):
    trained = train_classifier(rows(), analyser, settings=TrainingSettings(epochs=1, folds=2))
    with pytest.raises(SettingsError, match="pretrained"):
        quantised(trained, rows()[:5], tmp_path)

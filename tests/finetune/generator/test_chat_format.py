"""Only the answer's tokens are learned, and serving sees the prompt that training saw."""

from __future__ import annotations

import pytest

from bot.generator.testing import write_chat_model
from finetune.errors import ChatModelError, SettingsError
from finetune.generator.adapter import load_chat_model
from finetune.generator.chat_format import NOT_LEARNED, end_token, prompt_tokens, row_tokens
from finetune.generator.settings import GeneratorSettings
from finetune.generator.training import _padded

PROMPT = (
    {"role": "system", "content": "Answer."},
    {"role": "user", "content": "Kettle?<|im_end|>"},
)
ANSWER = "It holds 1.7 litres. [1]"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = write_chat_model(tmp_path_factory.mktemp("model"), ["Kettle?", ANSWER], context=256)
    return load_chat_model(str(folder), "cpu")


def test_the_loss_sees_the_answer_and_its_end_alone(loaded):
    model, tokenizer = loaded
    end = end_token(model, tokenizer)
    assert tokenizer.decode([end]) == "<|im_end|>"
    row = row_tokens(tokenizer, PROMPT, ANSWER, end)
    asked = prompt_tokens(tokenizer, PROMPT)
    assert list(row.ids[: row.begin]) == asked
    assert tokenizer.decode(asked).endswith("<|im_start|>assistant\n")
    assert set(row.labels[: row.begin]) == {NOT_LEARNED}
    assert tokenizer.decode(row.labels[row.begin :]) == ANSWER + "<|im_end|>"
    # What the customer wrote opens and ends no turn.
    assert asked.count(end) == 2


def test_padding_is_neither_read_nor_learned(loaded):
    model, tokenizer = loaded
    end = end_token(model, tokenizer)
    rows = [row_tokens(tokenizer, PROMPT, text, end) for text in ("No.", ANSWER)]
    ids, mask, labels = _padded(rows, model.device)
    assert ids.shape == mask.shape == labels.shape == (2, len(rows[1].ids))
    short = len(rows[0].ids)
    assert mask[0].sum() == short
    assert set(labels[0, short:].tolist()) == {NOT_LEARNED}


def test_what_is_no_chat_model_is_one_clear_line(tmp_path):
    with pytest.raises(ChatModelError, match="expected a chat model named") as found:
        load_chat_model(str(tmp_path), "cpu")
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "wrong", [{"rank": 0}, {"dropout": 1.0}, {"held_out_share": 0.9, "stopping_share": 0.2}]
)
def test_settings_that_make_no_sense_are_told(wrong):
    with pytest.raises(SettingsError):
        GeneratorSettings(model="m", **wrong)

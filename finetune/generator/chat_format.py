"""How messages become tokens: one form for serving, training and evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NOT_LEARNED = -100
"""The label of a token that the loss leaves out; cross_entropy's own default."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A prompt and its answer in one row; the answer begins at `begin`."""

    ids: tuple[int, ...]
    begin: int

    @property
    def labels(self) -> tuple[int, ...]:
        """What the loss sees: the tokens of the answer, and none of the prompt."""
        return (NOT_LEARNED,) * self.begin + self.ids[self.begin :]


def prompt_tokens(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> list[int]:  # noqa: ANN401
    """The tokens after which a model begins its answer; quoted text opens no turn."""
    special = sorted(map(str, tokenizer.all_special_tokens), key=len, reverse=True)
    chat = [
        {"role": each["role"], "content": without_special(each["content"], special)}
        for each in messages
    ]
    # Models that can think aloud answer at once; other templates pass the flag over.
    encoded = tokenizer.apply_chat_template(
        chat, add_generation_prompt=True, enable_thinking=False, return_dict=True
    )
    return list(encoded["input_ids"])


def row_tokens(
    tokenizer: Any,  # noqa: ANN401
    messages: Sequence[Mapping[str, str]],
    answer: str,
    end: int,
) -> Tokens:
    """A prompt with the answer that is to be learned, and the token that ends it."""
    asked = prompt_tokens(tokenizer, messages)
    special = sorted(map(str, tokenizer.all_special_tokens), key=len, reverse=True)
    said = tokenizer(without_special(answer, special), add_special_tokens=False)["input_ids"]
    return Tokens((*asked, *said, end), len(asked))


def without_special(text: str, special: Sequence[str]) -> str:
    """The text with the tokenizer's special tokens taken apart: quoted text opens no turn."""
    for token in special:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def greedy(model: Any, tokenizer: Any) -> Any:  # noqa: ANN401 (transformers is not typed here)
    """The generation settings that replies are written with: the likeliest token each time."""
    from transformers import GenerationConfig

    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    return GenerationConfig(do_sample=False, eos_token_id=_ends(model, tokenizer), pad_token_id=pad)


def end_token(model: Any, tokenizer: Any) -> int:  # noqa: ANN401
    """The token that an answer is taught to end with: one at which serving stops."""
    ends = _ends(model, tokenizer)
    known = [ends] if isinstance(ends, int) else list(ends)
    return int(tokenizer.eos_token_id if tokenizer.eos_token_id in known else known[0])


def _ends(model: Any, tokenizer: Any) -> Any:  # noqa: ANN401
    own = model.generation_config.eos_token_id
    return own if own is not None else tokenizer.eos_token_id

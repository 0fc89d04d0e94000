"""Writes answers with a chat model as serving would: greedily, many at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from finetune.generator.chat_format import greedy, prompt_tokens
from finetune.generator.instructions import Instruction
from finetune.generator.settings import GeneratorSettings
from finetune.generator.training import context_of
from retrieval.threads import all_cores


def write_answers(
    model: Any,  # noqa: ANN401
    tokenizer: Any,  # noqa: ANN401
    rows: Sequence[Instruction],
    settings: GeneratorSettings,
    progress: Callable[[float], None] | None = None,
) -> list[str]:
    """An answer per row; empty where the prompt leaves the model no room, as live it would be."""
    prompts = [prompt_tokens(tokenizer, row.prompt) for row in rows]
    room = context_of(model) - settings.most_answer_tokens
    order = [place for place, ids in enumerate(prompts) if len(ids) <= room]
    order.sort(key=lambda place: len(prompts[place]))
    answers = [""] * len(rows)
    how = greedy(model, tokenizer)
    how.max_new_tokens = settings.most_answer_tokens
    with all_cores(), torch.inference_mode():
        for start in range(0, len(order), settings.batch_size):
            places = order[start : start + settings.batch_size]
            ids, mask = _left_padded([prompts[place] for place in places], how.pad_token_id or 0)
            written = model.generate(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                generation_config=how,
            )[:, ids.shape[1] :]
            for place, tokens in zip(places, written, strict=True):
                answers[place] = str(tokenizer.decode(tokens, skip_special_tokens=True))
            if progress is not None:
                progress((start + len(places)) / len(order))
    return answers


def _left_padded(prompts: Sequence[Sequence[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask of shape (prompts, longest): all of them end together."""
    width = max(map(len, prompts))
    ids = torch.full((len(prompts), width), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, prompt in enumerate(prompts):
        ids[place, width - len(prompt) :] = torch.tensor(prompt)
        mask[place, width - len(prompt) :] = 1
    return ids, mask

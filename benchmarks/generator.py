"""How many tokens a second a chat model writes for 1, 8, 64 and 256 customers at once.

    .venv/bin/python -m benchmarks.generator MODEL [--device cuda] [--at 1 8 64 256]

MODEL is a folder or a name; `tiny` makes one with random weights. Beside continuous batching, as
the product runs it (`bot/generator/worker.py`), the same prompts go through plain `generate`, one
customer after the other, in the same run. Speed does not depend on what the weights say.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.harness import Report
from bot.generator.base import ChatMessage
from bot.generator.local import LocalModel, LocalSettings
from bot.generator.testing import write_chat_model

SYSTEM = "Answer the customer from the passages, and cite them by number."
PASSAGE = "Standard delivery takes 3 to 5 business days and is free over 200 yuan. " * 8
PLAIN_AT_MOST = 8
"""Plain `generate` answers one customer after the other: more of them only take longer."""


def prompt(number: int) -> list[ChatMessage]:
    """A prompt of the usual length, a little different for each customer."""
    question = f"Question {number}: how long does delivery take to region {number}?"
    return [ChatMessage("system", SYSTEM), ChatMessage("user", f"{PASSAGE}\n{question}")]


async def together(model: LocalModel, customers: int, tokens: int) -> tuple[float, float]:
    """Tokens per second of all customers, and the median seconds to the first piece."""
    began, before = time.perf_counter(), model.tokens

    async def customer(number: int) -> float:
        first = 0.0
        async for _ in model.stream(prompt(number), tokens):
            first = first or time.perf_counter() - began
        return first

    firsts = await asyncio.gather(*(customer(n) for n in range(customers)))
    return (model.tokens - before) / (time.perf_counter() - began), median(firsts)


def plainly(path: str, device: str, customers: int, tokens: int) -> float:
    """Tokens per second of `generate`, one prompt after the other."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path)
    model = AutoModelForCausalLM.from_pretrained(path, dtype="auto").to(device).eval()
    written, began = 0, 0.0
    for number in range(-1, customers):  # the first one warms up
        if number == 0:
            written, began = 0, time.perf_counter()
        chat = [{"role": each.role, "content": each.content} for each in prompt(number)]
        encoded = tokenizer.apply_chat_template(
            chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
        ).to(device)
        with torch.inference_mode():
            out = model.generate(**encoded, max_new_tokens=tokens, do_sample=False)
        written += int(out.shape[1] - encoded["input_ids"].shape[1])
    return written / (time.perf_counter() - began)


async def measure(path: str, device: str, at: list[int], tokens: int) -> int:
    """Every number of customers, then plain `generate`."""
    report = Report("generator", f"{Path(path).name} on {device}, {tokens} tokens per customer")
    cache = max(16_384, max(at) * 512)
    model = LocalModel(LocalSettings(path, device, at_once=max(at), cache_tokens=cache))
    await model.start()
    await model.wait_ready()
    await together(model, 1, 8)
    for customers in at:
        speed, first = await together(model, customers, tokens)
        report.add(f"{customers} at once", speed, "tokens/s")
        report.add(f"{customers} at once, first piece, median", first * 1000, "ms")
    await model.close()
    alone = plainly(path, device, min(PLAIN_AT_MOST, max(at)), tokens)
    report.add("plain generate, one after the other", alone, "tokens/s")
    return report.finish()


def main() -> int:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--at", type=int, nargs="+", default=[1, 8, 64, 256])
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = wanted.model
        if path == "tiny":
            path = str(write_chat_model(Path(folder) / "tiny", [SYSTEM, PASSAGE]))
        return asyncio.run(measure(path, wanted.device, wanted.at, wanted.tokens))


if __name__ == "__main__":
    sys.exit(main())

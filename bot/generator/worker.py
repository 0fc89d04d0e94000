"""The process that holds a local chat model: JSON lines in, JSON lines out.

In:  {"start": id, "messages": [{"role", "content"}], "max_tokens": n}   {"cancel": id}
Out: {"ready": {"device", "cache_tokens"}} once, or {"broken": reason} and the end;
     {"id", "text"} for each piece, then {"id", "done": true, "tokens"} or {"id", "failed": reason}.

transformers' continuous batching (generation/continuous_batching) lets all requests share the
model: a request joins and leaves the running batch at any step.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, TextIO

PAGE_TOKENS = 32
BATCH_TOKENS = 2048
_REPLACEMENT = "\ufffd"
_PATIENCE_SECONDS = 0.05


@dataclass(slots=True)
class _Running:
    """A request in progress; tokens before `read` were said, decoding begins at `begin`.

    Some tokens change with the ones before them, so a few that were said are decoded again.
    """

    begin: int = 0
    read: int = 0


class Worker:
    """One model, many requests."""

    def __init__(self, path: str, device: str, cache_tokens: int, out: TextIO) -> None:
        """Load the model; `cache_tokens` bounds the attention cache on a CPU."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._out = out
        self._running: dict[str, _Running] = {}
        self._tokenizer: Any = AutoTokenizer.from_pretrained(path)
        if not self._tokenizer.chat_template:
            raise ValueError(f"{path} is no chat model: its tokenizer has no chat template")
        model: Any = AutoModelForCausalLM.from_pretrained(path, dtype="auto")
        self._model = model.to(device).eval()
        self._special = sorted(map(str, self._tokenizer.all_special_tokens), key=len, reverse=True)
        self._manager = self._model.init_continuous_batching(
            generation_config=_greedy(self._model, self._tokenizer),
            continuous_batching_config=_batching(device, cache_tokens),
        )
        self._room = 0

    def run(self, commands: queue.Queue[dict[str, Any] | None]) -> None:
        """Serve until the commands end; raises what ended the model's own thread."""
        self._manager.start()
        self._wait_until_built()
        self._send(ready={"device": str(self._model.device)})
        try:
            while self._take(commands):
                output = self._manager.get_result(timeout=_PATIENCE_SECONDS)
                if output is not None:
                    self._tell(output)
                elif not self._manager.is_running():
                    status = self._manager.background_thread_status
                    raise RuntimeError(f"generation stopped: {status.fatal_error}")
        finally:
            self._manager.stop(block=True, timeout=2, hard_stop=True)

    def _wait_until_built(self) -> None:
        """The cache is made by the model's thread; memory that is not there shows here."""
        while self._manager.batch_processor is None:
            if not self._manager.is_running():
                raise RuntimeError(str(self._manager.background_thread_status.fatal_error))
            threading.Event().wait(_PATIENCE_SECONDS)
        config = self._manager.continuous_batching_config
        # A request that is larger than the cache would end the model's thread.
        self._room = min(_context(self._model), config.num_blocks * config.page_size)

    def _take(self, commands: queue.Queue[dict[str, Any] | None]) -> bool:
        """Do what was asked meanwhile; False at the end of all commands."""
        while True:
            try:
                # An idle worker waits for the next command instead of turning in circles.
                command = commands.get(block=not self._running)
            except queue.Empty:
                return True
            if command is None:
                return False
            if "start" in command:
                self._start(command["start"], command["messages"], command["max_tokens"])
            elif self._running.pop(command["cancel"], None) is not None:
                self._manager.cancel_request(command["cancel"])

    def _start(self, name: str, messages: Sequence[Mapping[str, str]], max_tokens: int) -> None:
        tokens = self._encode(messages)
        if len(tokens) + max_tokens > self._room:
            reason = f"the prompt has {len(tokens)} tokens, the model has room for {self._room}"
            self._send(id=name, failed=reason)
            return
        self._running[name] = _Running()
        self._manager.add_request(
            tokens, request_id=name, max_new_tokens=max_tokens, streaming=True
        )

    def _encode(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        chat = [
            {"role": each["role"], "content": without_special(each["content"], self._special)}
            for each in messages
        ]
        # Models that can think aloud answer at once; other templates pass the flag over.
        encoded = self._tokenizer.apply_chat_template(
            chat, add_generation_prompt=True, enable_thinking=False, return_dict=True
        )
        return list(encoded["input_ids"])

    def _tell(self, output: Any) -> None:  # noqa: ANN401 (transformers' GenerationOutput)
        running = self._running.get(output.request_id)
        if running is None:
            return
        if output.error is not None:
            del self._running[output.request_id]
            self._send(id=output.request_id, failed=output.error)
            return
        tokens, done = output.generated_tokens, output.is_finished()
        said = self._decode(tokens[running.begin : running.read])
        text = self._decode(tokens[running.begin :])
        # The bytes of a character can be spread over tokens: it is said when it is whole.
        if len(text) > len(said) and (done or not text.endswith(_REPLACEMENT)):
            self._send(id=output.request_id, text=text[len(said) :])
            running.begin, running.read = running.read, len(tokens)
        if done:
            del self._running[output.request_id]
            self._send(id=output.request_id, done=True, tokens=len(tokens))

    def _decode(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))

    def _send(self, **values: object) -> None:
        self._out.write(json.dumps(values) + "\n")
        self._out.flush()


def without_special(text: str, special: Sequence[str]) -> str:
    """The text with the tokenizer's special tokens taken apart: quoted text opens no turn."""
    for token in special:
        text = text.replace(token, f"{token[0]} {token[1:]}")
    return text


def _greedy(model: Any, tokenizer: Any) -> Any:  # noqa: ANN401 (transformers is not typed here)
    from transformers import GenerationConfig

    own = model.generation_config
    ends = own.eos_token_id if own.eos_token_id is not None else tokenizer.eos_token_id
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    return GenerationConfig(do_sample=False, eos_token_id=ends, pad_token_id=pad)


def _batching(device: str, cache_tokens: int) -> Any:  # noqa: ANN401
    from transformers import ContinuousBatchingConfig

    if device.startswith("cuda"):
        return ContinuousBatchingConfig()
    # Without a size the cache takes 60% of the machine's memory.
    return ContinuousBatchingConfig(
        page_size=PAGE_TOKENS,
        num_blocks=cache_tokens // PAGE_TOKENS,
        max_batch_tokens=min(BATCH_TOKENS, cache_tokens),
    )


def _context(model: Any) -> int:  # noqa: ANN401
    return int(getattr(model.config.get_text_config(), "max_position_embeddings", 4096))


def _read(stream: TextIO, commands: queue.Queue[dict[str, Any] | None]) -> None:
    for line in stream:
        commands.put(json.loads(line))
    commands.put(None)


def main() -> None:
    """Arguments: the model's name or path, the device, and the tokens of the cache."""
    path, device, cache_tokens = sys.argv[1:4]
    out = sys.stdout
    with redirect_stdout(sys.stderr):  # what a library prints is no answer
        commands: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=_read, args=(sys.stdin, commands), daemon=True).start()
        try:
            if device == "auto":
                import torch

                device = "cuda" if torch.cuda.is_available() else "cpu"
            Worker(path, device, int(cache_tokens), out).run(commands)
        except Exception as error:
            first = (str(error) or type(error).__name__).splitlines()[0]
            out.write(json.dumps({"broken": f"{type(error).__name__}: {first}"}) + "\n")
            out.flush()
            raise SystemExit(3) from error


if __name__ == "__main__":
    main()

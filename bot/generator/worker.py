"""The process that holds a local chat model: JSON lines in, JSON lines out.

In:  {"start": id, "messages": [{"role", "content"}], "max_tokens": n}   {"cancel": id}
Out: {"ready": {"device", "adapter"}} once, or {"broken": reason} and the end;
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
from pathlib import Path
from typing import Any, TextIO

from finetune.generator.adapter import load_chat_model, verify_adapter, with_adapter
from finetune.generator.chat_format import greedy, prompt_tokens
from storage.errors import KefuError

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

    def __init__(
        self, path: str, device: str, cache_tokens: int, adapter: str, out: TextIO
    ) -> None:
        """Load the model; `cache_tokens` bounds the attention cache on a CPU.

        `adapter` is the folder of one, or empty. One that cannot be used is told and left out.
        """
        self._out = out
        self._running: dict[str, _Running] = {}
        self._model, self._tokenizer = load_chat_model(path, device)
        self._adapter: dict[str, str] = {}
        if adapter:
            self._take_adapter(path, device, adapter)
        self._manager = self._model.init_continuous_batching(
            generation_config=greedy(self._model, self._tokenizer),
            continuous_batching_config=_batching(device, cache_tokens),
        )
        self._room = 0

    def _take_adapter(self, path: str, device: str, adapter: str) -> None:
        try:
            verify_adapter(Path(adapter))
            self._model = with_adapter(self._model, Path(adapter))
            self._adapter = {"adapter": Path(adapter).name}
        except KefuError as error:
            # It may have been half in: the model is read again as it came.
            self._model, _ = load_chat_model(path, device)
            self._adapter = {"adapter_problem": str(error)}

    def run(self, commands: queue.Queue[dict[str, Any] | None]) -> None:
        """Serve until the commands end; raises what ended the model's own thread."""
        self._manager.start()
        self._wait_until_built()
        self._send(ready={"device": str(self._model.device), **self._adapter})
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
        tokens = prompt_tokens(self._tokenizer, messages)
        if len(tokens) + max_tokens > self._room:
            reason = f"the prompt has {len(tokens)} tokens, the model has room for {self._room}"
            self._send(id=name, failed=reason)
            return
        self._running[name] = _Running()
        self._manager.add_request(
            tokens, request_id=name, max_new_tokens=max_tokens, streaming=True
        )

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
    """Arguments: the model's name or path, the device, the cache's tokens, the adapter or ""."""
    path, device, cache_tokens, adapter = sys.argv[1:5]
    out = sys.stdout
    with redirect_stdout(sys.stderr):  # what a library prints is no answer
        commands: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=_read, args=(sys.stdin, commands), daemon=True).start()
        try:
            if device == "auto":
                import torch

                device = "cuda" if torch.cuda.is_available() else "cpu"
            Worker(path, device, int(cache_tokens), adapter, out).run(commands)
        except Exception as error:
            first = (str(error) or type(error).__name__).splitlines()[0]
            out.write(json.dumps({"broken": f"{type(error).__name__}: {first}"}) + "\n")
            out.flush()
            raise SystemExit(3) from error


if __name__ == "__main__":
    main()

"""A pretrained encoder in ONNX form, in 8-bit integers: quicker on a CPU, and a quarter the size.

Serving it needs onnxruntime and tokenizers, and neither torch's nor transformers' models.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from retrieval.errors import EncoderError
from retrieval.types import Vectors

MODEL, TOKENIZER, DESCRIPTION = "model.onnx", "tokenizer.json", "onnx.json"
_BATCH = 32


class OnnxEncoder:
    """Reads a folder with `model.onnx`, `tokenizer.json` and `onnx.json`."""

    def __init__(self, folder: Path) -> None:
        """Load for the CPU; raises EncoderError with what to do."""
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise EncoderError(
                "expected onnxruntime for an 8-bit encoder, found it missing; install it with "
                "`pip install 'kefu[int8]'`, or retrain with --no-int8"
            ) from error
        try:
            self._about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = os.cpu_count() or 1
            # Waiting threads that spin take the cores from the turns beside this one.
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            self._session = onnxruntime.InferenceSession(
                str(folder / MODEL), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:
            # Both libraries raise bare exceptions of their own kinds.
            raise EncoderError(
                f"expected an ONNX encoder in {folder.name}, found a damaged folder ({error})"
            ) from error
        self._tokenizer.enable_truncation(self._about["max_tokens"])
        self._tokenizer.enable_padding(
            pad_id=self._about["pad_id"], pad_token=self._about["pad_token"]
        )
        self.fingerprint: str = self._about["fingerprint"]

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._about["dimension"])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of shape (len(texts), dimension), each of length 1."""
        found = np.zeros((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for start in range(0, len(order), _BATCH):
            some = order[start : start + _BATCH]
            found[some] = self._encode_batch([texts[place] for place in some])
        return found

    def _encode_batch(self, texts: Sequence[str]) -> Vectors:
        tokens = self._tokenizer.encode_batch([self._about["prompt"] + text for text in texts])
        columns = {
            "input_ids": [each.ids for each in tokens],
            "attention_mask": [each.attention_mask for each in tokens],
            "token_type_ids": [each.type_ids for each in tokens],
        }
        inputs = {name: np.array(columns[name], dtype=np.int64) for name in self._about["inputs"]}
        vectors: Vectors = self._session.run(None, inputs)[0]
        return vectors


def is_onnx(folder: Path) -> bool:
    """Whether a folder holds an encoder in ONNX form."""
    return (folder / DESCRIPTION).exists()

"""Quantises a pretrained encoder to 8-bit integers for the CPU (dynamic quantisation)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from finetune.dense.sentence import SentenceScorer
from finetune.errors import SettingsError
from retrieval.encoder import load_sentence_transformer
from retrieval.onnx_encoder import DESCRIPTION, MODEL, TOKENIZER, OnnxEncoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_SAMPLE = ["a short question", "and one that is a little longer than that"]
_NAMES = ("input_ids", "attention_mask", "token_type_ids")


class _Encoding(nn.Module):
    """An encoder as a function of tensors alone, which is what can be exported."""

    def __init__(self, encoder: SentenceTransformer, names: list[str]) -> None:
        super().__init__()
        self.encoder = encoder
        self._names = names

    def forward(self, *tensors: Tensor) -> Tensor:
        inputs: dict[str, Any] = dict(zip(self._names, tensors, strict=True))
        found: Tensor = self.encoder(inputs | {"modality": "text"})["sentence_embedding"]
        return functional.normalize(found, dim=-1)


def quantise(scorer: SentenceScorer, folder: Path) -> SentenceScorer:
    """The same scorer on an 8-bit copy of its encoder, which is written into `folder`."""
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise SettingsError(
            "expected onnxruntime and onnx for --int8, found them missing; install them with "
            "`pip install 'kefu[int8]'`"
        ) from error
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    encoder = load_sentence_transformer(str(scorer.folder or scorer.source), device="cpu").eval()
    whole = folder / "whole.onnx"
    # What these two print on stdout would spoil the document that `--json` promises.
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        # torch's exporter warns of its own parts and of names that it chooses itself.
        warnings.simplefilter("ignore")
        inputs = _export(encoder, whole)
        quantize_dynamic(whole, folder / MODEL, per_channel=True, weight_type=QuantType.QInt8)
    whole.unlink()
    _describe(encoder, inputs, folder)
    return replace(scorer, encoder=OnnxEncoder(folder), source=None, folder=folder)


def _export(encoder: SentenceTransformer, path: Path) -> list[str]:
    sample = encoder.preprocess(_SAMPLE)
    names = [name for name in _NAMES if name in sample]
    batch, length = torch.export.Dim("batch", min=1), torch.export.Dim("length", min=2)
    torch.onnx.export(
        _Encoding(encoder, names).eval(),
        tuple(sample[name] for name in names),
        path,
        input_names=names,
        output_names=["vectors"],
        dynamic_shapes=(tuple({0: batch, 1: length} for _ in names),),
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    return names


def _describe(encoder: SentenceTransformer, inputs: list[str], folder: Path) -> None:
    tokenizer = encoder.tokenizer
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    digest = hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
    prompt = encoder.prompts.get(encoder.default_prompt_name or "", "")
    about = {
        "fingerprint": f"int8-{digest[:16]}",
        "dimension": encoder.get_embedding_dimension(),
        "inputs": inputs,
        "max_tokens": min(encoder.max_seq_length or 512, 512),
        "pad_id": tokenizer.pad_token_id,
        "pad_token": tokenizer.pad_token,
        "prompt": prompt,
    }
    text = json.dumps(about, ensure_ascii=False, indent=2)
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")

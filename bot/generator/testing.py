"""A tiny chat model with random weights and a trained tokenizer, for tests and trials.

It writes nonsense, but really: what it goes through is what a large model goes through. Written
file by file, because importing transformers takes longer than everything it would do here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_chat_model(
    folder: Path,
    texts: Sequence[str],
    *,
    layers: int = 2,
    width: int = 64,
    context: int = 4096,
    seed: int = 0,
) -> Path:
    """A Qwen2-shaped model folder; its byte-level BPE tokenizer is trained on `texts`."""
    folder.mkdir(parents=True, exist_ok=True)
    size = _write_tokenizer(folder, texts)
    heads = width // 16
    config = {
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": size,
        "hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": layers,
        "num_attention_heads": heads, "num_key_value_heads": heads // 2,
        "max_position_embeddings": context, "rms_norm_eps": 1e-6, "tie_word_embeddings": True,
        "eos_token_id": 2, "pad_token_id": 0, "bos_token_id": None, "dtype": "float32",
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    _write_weights(folder, size, layers, width, seed)
    return folder


def _write_tokenizer(folder: Path, texts: Sequence[str]) -> int:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "chat_template": _TEMPLATE,
        "eos_token": SPECIAL[2],
        "pad_token": SPECIAL[0],
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return int(tokenizer.get_vocab_size())


def _write_weights(folder: Path, size: int, layers: int, width: int, seed: int) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    random = np.random.default_rng(seed)

    def matrix(*shape: int) -> np.ndarray:
        return random.normal(0, 0.3, shape).astype(np.float32)

    weights = {
        "model.embed_tokens.weight": matrix(size, width),
        "model.norm.weight": np.ones(width, np.float32),
    }
    narrow = width // 2
    for n in range(layers):
        layer, attention = f"model.layers.{n}", f"model.layers.{n}.self_attn"
        for name, out in (("q", width), ("k", narrow), ("v", narrow)):
            weights[f"{attention}.{name}_proj.weight"] = matrix(out, width)
            weights[f"{attention}.{name}_proj.bias"] = matrix(out)
        weights[f"{attention}.o_proj.weight"] = matrix(width, width)
        weights[f"{layer}.mlp.gate_proj.weight"] = matrix(2 * width, width)
        weights[f"{layer}.mlp.up_proj.weight"] = matrix(2 * width, width)
        weights[f"{layer}.mlp.down_proj.weight"] = matrix(width, 2 * width)
        for norm in ("input_layernorm", "post_attention_layernorm"):
            weights[f"{layer}.{norm}.weight"] = np.ones(width, np.float32)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

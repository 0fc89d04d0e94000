"""An adapter as a folder: low-rank weights in safetensors, what they belong to, checksums."""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.errors import AdapterDamagedError, ChatModelError
from finetune.generator.settings import GeneratorSettings
from finetune.manifest import find_damage

DESCRIPTION = "adapter.json"
METRICS = "metrics.json"
_WEIGHTS = "adapter_model.safetensors"
_ALLOWED = {".json", ".safetensors", ".md"}
_SAMPLED = 256


@dataclass(frozen=True, slots=True)
class AdapterDescription:
    """Which chat model an adapter belongs to, and how it was trained on what."""

    base: str
    base_fingerprint: str
    data_fingerprint: str
    settings: dict[str, Any]


def base_name(model: str) -> str:
    """The name by which adapters know a chat model: of a folder its whole path."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def load_chat_model(source: str, device: str) -> tuple[Any, Any]:
    """The model of this name or path in its own precision, and its tokenizer.

    Raises ChatModelError in one line for what is no chat model.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # whoever waits has a bar of ours
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(source)
        model: Any = AutoModelForCausalLM.from_pretrained(source, dtype="auto")
    except (OSError, ValueError, KeyError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise ChatModelError(
            f"expected a chat model named or in the folder {source!r}, found none: {first}"
        ) from error
    if not tokenizer.chat_template:
        raise ChatModelError(f"{source} is no chat model: its tokenizer has no chat template")
    return model.to(device).eval(), tokenizer


def base_fingerprint(model: Any) -> str:  # noqa: ANN401 (transformers is not typed here)
    """A name for a model's weights: the first numbers of each, so that it takes no time."""
    digest = hashlib.sha256()
    for name, weights in sorted(model.state_dict().items()):
        first = weights.detach().flatten()[:_SAMPLED].float().cpu().numpy()
        digest.update(f"{name}{tuple(weights.shape)}".encode() + first.tobytes())
    return digest.hexdigest()


def add_lora(model: Any, settings: GeneratorSettings) -> Any:  # noqa: ANN401
    """The model with low-rank additions to every linear layer; only they can move."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with warnings.catch_warnings():
        # peft asks transformers by a name that the latter is about to drop.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return get_peft_model(model, config)


def save_adapter(model: Any, folder: Path, description: AdapterDescription) -> None:  # noqa: ANN401
    """Write the additions of a model that `add_lora` made into an empty folder."""
    model.save_pretrained(str(folder), save_embedding_layers=False)
    write_json(
        folder / DESCRIPTION,
        {
            "base": description.base,
            "base_fingerprint": description.base_fingerprint,
            "data_fingerprint": description.data_fingerprint,
            "settings": description.settings,
        },
    )


def read_description(folder: Path) -> AdapterDescription:
    """What an adapter says of itself; AdapterDamagedError if it cannot be read."""
    try:
        values = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        return AdapterDescription(**values)
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(folder, "its description cannot be read") from error


def verify_adapter(folder: Path) -> None:
    """Refuse an adapter that is not whole, or that holds anything but text and safetensors."""
    if problem := find_damage(folder):
        raise _damaged(folder, problem)
    strange = [path.name for path in folder.rglob("*") if path.suffix not in _ALLOWED]
    if strange or not (folder / _WEIGHTS).is_file():
        found = strange[0] if strange else "none"
        raise _damaged(folder, f"expected weights in {_WEIGHTS}, found {found}")


def with_adapter(model: Any, folder: Path) -> Any:  # noqa: ANN401
    """The model with the adapter of this folder folded into its weights, as it serves.

    Raises AdapterDamagedError for an adapter of another model.
    """
    from peft import PeftModel

    if read_description(folder).base_fingerprint != base_fingerprint(model):
        raise AdapterDamagedError(
            f"adapter {folder.name} was trained for other weights than this chat model has; "
            "train one for it with `kefu generator train`"
        )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        try:
            added: Any = PeftModel.from_pretrained(model, str(folder))
        except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
            raise _damaged(folder, str(error).splitlines()[0]) from error
    return added.merge_and_unload().eval()


def write_json(path: Path, content: object) -> None:
    """Readable JSON."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")


def _damaged(folder: Path, why: str) -> AdapterDamagedError:
    return AdapterDamagedError(
        f"expected a whole adapter in {folder.name}, but {why}; promote another one "
        "(`kefu generator list`) or go back with `kefu generator rollback`"
    )

"""Which language model writes, as the settings name it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bot.generator.adapters import AdapterWatch
from bot.generator.base import ChatModel
from bot.generator.chat import ChatGenerator, Patience
from bot.generator.grounding import Grounding
from bot.generator.local import LocalModel, LocalSettings
from bot.generator.openai_client import OpenAIModel, Server
from bot.generator.prompt import PromptFile, load_prompts
from bot.live import Models
from bot.settings import Settings
from bot.work import Compute, Work
from finetune.generator.adapter import base_name
from storage.errors import InputError


@dataclass(frozen=True, slots=True)
class Writer:
    """A language model that serves every bundle, and how it is asked."""

    model: ChatModel
    prompts: Mapping[str, PromptFile]
    patience: Patience
    compute: Compute
    adapters: AdapterWatch | None = None

    async def look(self) -> None:
        """Take over an adapter that was promoted since; only a local model has any."""
        if self.adapters is not None:
            await self.adapters.look()

    def load(self, load: Callable[[str], Models], bundle_id: str) -> Models:
        """The models of a bundle; what quoted until now becomes the fallback."""
        models = load(bundle_id)
        if models.generator is None or models.analyser is None:
            return models
        grounding = Grounding()
        chat = ChatGenerator(
            self.model, models.generator, grounding, self.prompts, self.compute, self.patience
        )
        return replace(models, generator=chat)


def make_writer(settings: Settings, work: Work, compute: Compute) -> Writer | None:
    """The writer that the settings name; None for the extract alone.

    Raises `InputError` for settings that name no model or no server.
    """
    model = make_model(settings, work)
    if model is None:
        return None
    first = settings.generator_first_seconds
    patience = Patience(first, first / 2, settings.generator_seconds, settings.generator_max_tokens)
    watch = None
    if isinstance(model, LocalModel):
        base = base_name(settings.generator_model or "")
        watch = AdapterWatch(model, work, settings.adapters_dir, base)
    return Writer(model, load_prompts(settings.shop), patience, compute, watch)


def make_model(settings: Settings, work: Work | None = None) -> LocalModel | OpenAIModel | None:
    """The model alone, not started; without `work` it can be looked at, not asked."""
    if settings.generator == "extractive":
        return None
    if not settings.generator_model:
        raise InputError(
            f"KEFU_GENERATOR={settings.generator} needs a model: set KEFU_GENERATOR_MODEL to its "
            "name or path"
        )
    if settings.generator == "transformers":
        return LocalModel(
            LocalSettings(
                model=settings.generator_model,
                device=settings.generator_device,
                at_once=settings.generator_at_once,
                cache_tokens=settings.generator_cache_tokens,
            )
        )
    url = settings.generator_url or ""
    if not url.startswith(("http://", "https://")):
        raise InputError(
            "KEFU_GENERATOR=openai needs a server: set KEFU_GENERATOR_URL to its base URL, such as "
            f"http://127.0.0.1:8080/v1; found {url or 'none'}"
        )
    return OpenAIModel(
        Server(
            url=url,
            model=settings.generator_model,
            key=settings.generator_key,
            tokens_per_day=settings.generator_tokens_per_day,
            read_seconds=settings.generator_first_seconds,
        ),
        work,
    )

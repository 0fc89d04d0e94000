"""The prompt: a text file that an admin can read and edit, filled in without running anything."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from bot.errors import PromptFileError
from bot.generator.base import ChatMessage, Request
from bot.wording import spoken

NO_ANSWER = "NO_ANSWER"
"""What a model writes when the passages do not answer."""

MAX_PASSAGES = 4
MAX_PASSAGE_CHARACTERS = 2000
MAX_HISTORY = 6
MAX_SAID_CHARACTERS = 300
FIELDS = ("shop", "voice", "code", "no_answer", "passages", "conversation", "question", "again")

_FIELD = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_RULE = re.compile(r"^---\s*$", re.MULTILINE)
# What chat formats mark turns and special tokens with: <|im_start|>, <start_of_turn>, [INST], </s>.
_TURN_MARK = re.compile(
    r"<\|[^<>|\s]{1,40}\|>|</?(?:s|bos|eos|start_of_turn|end_of_turn|think|tool_call)>"
    r"|\[/?(?:INST|SYS)\]|<</?SYS>>",
    re.IGNORECASE,
)
_WORDS = {
    "zh": {
        "passage": "资料",
        "conversation": "此前的对话",
        "question": "顾客的问题",
        "customer": "顾客",
        "shop": "客服",
        "again": "上一次的回答没有通过核对：{reason}。请重新回答，只写资料里有的内容。",
    },
    "en": {
        "passage": "passage",
        "conversation": "conversation so far",
        "question": "the customer's question",
        "customer": "Customer",
        "shop": "Shop",
        "again": "The last answer failed its check: {reason}. Answer again, only with what the "
        "passages say.",
    },
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages for a model, and the random code of this request, which no reply may contain."""

    messages: tuple[ChatMessage, ...]
    code: str


@dataclass(frozen=True, slots=True)
class PromptFile:
    """The two halves of a prompt file: what the model is told, and what it is asked."""

    system: str
    user: str


def load_prompts(shop: Path | None) -> dict[str, PromptFile]:
    """The prompt per language; the shop's `prompt.zh.md` or `prompt.md` in place of ours.

    Raises `PromptFileError` for one that cannot be used.
    """
    return {language: _load(shop, language) for language in ("zh", "en")}


def _load(shop: Path | None, language: str) -> PromptFile:
    name = f"prompt.{language}.md"
    for path in () if shop is None else (shop / name, shop / "prompt.md"):
        if path.is_file():
            try:
                return parse_prompt(path.read_text(encoding="utf-8"), str(path))
            except UnicodeDecodeError as error:
                raise PromptFileError(str(path), "UTF-8 text", str(error)) from error
    text = resources.files("bot.generator").joinpath(name).read_text(encoding="utf-8")
    return parse_prompt(text, name)


def parse_prompt(text: str, name: str) -> PromptFile:
    """Cut at the line `---`; every field must be known, and what a reply needs must be there."""
    halves = _RULE.split(text, maxsplit=1)
    if len(halves) != 2:
        raise PromptFileError(name, "a line `---` between what is told and what is asked", "none")
    system, user = (half.strip() for half in halves)
    found = set(_FIELD.findall(text))
    if unknown := sorted(found - set(FIELDS)):
        raise PromptFileError(name, f"fields out of {', '.join(FIELDS)}", ", ".join(unknown))
    asked = set(_FIELD.findall(user))
    if missing := sorted({"passages", "question"} - asked):
        raise PromptFileError(name, "{{passages}} and {{question}} below the line `---`",
                              f"no {' and no '.join(missing)}")  # fmt: skip
    return PromptFile(system, user)


def build_prompt(
    prompts: Mapping[str, PromptFile], request: Request, *, reason: str = "", code: str = ""
) -> Prompt:
    """The prompt for a request; `reason` says why the last attempt at it was refused.

    Quoted text stands between marks with a code that is new for each request, so nothing that was
    written earlier can forge them.
    """
    code = code or secrets.token_hex(8)
    language = spoken(request.language)
    file, words = prompts[language], _WORDS[language]
    values = {
        "shop": inert(request.shop, code),
        "voice": request.voice,
        "code": code,
        "no_answer": NO_ANSWER,
        "passages": _passages(request, words["passage"], code),
        "conversation": _conversation(request, words, code),
        "question": marked(words["question"], inert(request.question, code), code),
        "again": words["again"].format(reason=inert(reason, code)) if reason else "",
    }
    messages = (
        ChatMessage("system", fill(file.system, values)),
        ChatMessage("user", fill(file.user, values)),
    )
    return Prompt(messages, code)


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each `{{field}}` replaced once; a value's own braces stay as they are."""
    filled = _FIELD.sub(lambda match: values[match[1]], text)
    return re.sub(r"\n{3,}", "\n\n", filled).strip()


def _passages(request: Request, word: str, code: str) -> str:
    blocks = []
    for number, hit in enumerate(request.hits[:MAX_PASSAGES], start=1):
        passage = hit.passage
        head = " > ".join(dict.fromkeys(filter(None, (passage.title, passage.heading))))
        text = f"{head}\n{passage.text[:MAX_PASSAGE_CHARACTERS]}"
        blocks.append(marked(f"{word} {number}", inert(text, code), code))
    return "\n\n".join(blocks)


def _conversation(request: Request, words: Mapping[str, str], code: str) -> str:
    lines = [
        f"{words['customer' if said.by_customer else 'shop']}: {said.text[:MAX_SAID_CHARACTERS]}"
        for said in request.history[-MAX_HISTORY:]
    ]
    return marked(words["conversation"], inert("\n".join(lines), code), code) if lines else ""


def marked(name: str, text: str, code: str) -> str:
    """The text between marks that hold the code of this request."""
    return f"<<<{name} {code}\n{text}\n{code} {name}>>>"


def inert(text: str, code: str) -> str:
    """The text without the code, and with the marks of chat formats taken apart."""
    apart = _TURN_MARK.sub(lambda match: match[0][0] + " " + match[0][1:], text)
    return apart.replace(code, "")

"""Tags and validity dates as documents and tables give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

from retrieval.errors import UnreadableFileError
from storage.types import Labels

_NAMES = {
    "tags": frozenset({"tags", "tag", "标签", "標籤"}),
    "valid_from": frozenset({"valid_from", "valid from", "生效日期", "有效期起"}),
    "valid_until": frozenset({"valid_until", "valid until", "失效日期", "有效期至", "截止日期"}),
}
_BETWEEN = re.compile(r"[,;，；、|]")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]00:00(?::00)?)?")
_MOST_TAGS = 50
_LONGEST_TAG = 100


def label_role(name: str) -> str | None:
    """Which label a field or column of this name holds: tags, valid_from or valid_until."""
    plain = name.strip().lower().replace("-", "_")
    return next((role for role, names in _NAMES.items() if plain in names), None)


def read_labels(fields: Mapping[str, str], where: str) -> Labels:
    """The labels among named fields; UnreadableFileError for a date that is none."""
    found = {role: value for name, value in fields.items() if (role := label_role(name))}
    return Labels(
        tuple_of_tags(_BETWEEN.split(found.get("tags", "").strip().strip("[]"))),
        read_day(found.get("valid_from", ""), "valid_from", where),
        read_day(found.get("valid_until", ""), "valid_until", where),
    )


def tuple_of_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags trimmed, each once, at most fifty."""
    trimmed = (tag.strip().strip("\"'").strip()[:_LONGEST_TAG] for tag in tags)
    return tuple(dict.fromkeys(filter(None, trimmed)))[:_MOST_TAGS]


def read_day(text: str, field: str, where: str) -> date | None:
    """The day a text names; None for an empty one, UnreadableFileError for anything else."""
    text = text.strip().strip("\"'")
    if not text:
        return None
    named = _DAY.fullmatch(text)
    try:
        if named:
            return date(int(named[1]), int(named[2]), int(named[3]))
    except ValueError:
        pass
    raise UnreadableFileError(
        f"Expected {field} in {where} to be a day such as 2026-12-31, found {text[:40]!r}."
    )

"""Groups of words that customers use for one thing, in both languages.

A group is a concept such as `refund`; its words are everything people write for it: 退款, 退钱,
tuikuan, money back, refnd. Longer words go before shorter ones, by whole words in English and by
characters in Chinese. A word listed in several groups counts for each of them
with an equal share of its weight. The words of a narrow group such as `reset_password` count for
the group that it stands `under` as well. A word listed under `apart` belongs to no group: it is
there so that a shorter word inside it is not taken for that word.

A shop's file may also name words of its own that belong to no group, under `[words]`: names of
products and brands that the Chinese segmenter shall not cut apart.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from retrieval.errors import LexiconError
from retrieval.normalise import normalise_text
from retrieval.stemming import singular

SYNONYMS_FILE = "synonyms.toml"
"""Where a shop's folder keeps its own words."""

_VERSION = "1"

# No word of a group is spelt so: a bracket is a unit of its own, with spaces around it.
_OWN_KEY = "[words]"

# White space and hyphens may stand between the parts of a word (e-mail, 退 款); any other
# character is a unit of its own and thereby ends a match.
_UNIT = re.compile(r"(?P<word>[a-z0-9]+(?:'[a-z]+)?)|[^\s\-_]")

# Its spelling, its singular if it is an English word, and its place.
_Unit = tuple[str, str, int, int]

Groups = Mapping[str, tuple[str, ...]]
"""From a word, as normalised units joined by spaces, to the groups it belongs to."""


@dataclass(frozen=True, slots=True)
class Match:
    """A word of the lexicon found in a text: its group, its place, and its share of weight."""

    group: str
    start: int
    end: int
    weight: float


class _Node:
    """A step of the trie: the units that may follow, and the groups of a word that ends here."""

    __slots__ = ("groups", "following")

    def __init__(self) -> None:
        self.following: dict[str, _Node] = {}
        self.groups: tuple[str, ...] | None = None


class Lexicon:
    """The word groups, ready to be matched; immutable once built."""

    def __init__(self, words: Groups, own_words: Iterable[str] = ()) -> None:
        self._words = dict(words)
        self._root = _build_trie(self._words)
        self.own_words = frozenset(own_words)
        self.fingerprint = _fingerprint(self._words, self.own_words)

    @classmethod
    def from_package(cls) -> Lexicon:
        """The lexicon that ships with the product."""
        folder = resources.files("retrieval").joinpath("data/lexicon")
        files = sorted((each for each in folder.iterdir()), key=lambda each: each.name)
        return cls(_parse_all((each.read_text(encoding="utf-8"), each.name) for each in files))

    @classmethod
    def of_shop(cls, folder: Path) -> Lexicon:
        """The product's lexicon with the words of a shop's folder, if it has some of its own."""
        synonyms = folder / SYNONYMS_FILE
        package = cls.from_package()
        return package.with_synonyms(synonyms) if synonyms.is_file() else package

    @classmethod
    def empty(cls) -> Lexicon:
        """A lexicon without words."""
        return cls({})

    def with_synonyms(self, path: Path) -> Lexicon:
        """Add a shop's own words to this lexicon; a word the shop lists belongs where it says."""
        text = _read(path)
        words = {**self._words, **_parse_all([(text, str(path))])}
        return Lexicon(words, self.own_words | _own_words(_table(text, str(path)), str(path)))

    @classmethod
    def load(cls, path: Path) -> Lexicon:
        """Read what `save` wrote."""
        found = json.loads(path.read_text(encoding="utf-8"))
        own_words = found.pop(_OWN_KEY, [])
        return cls({word: tuple(names) for word, names in found.items()}, own_words)

    def save(self, path: Path) -> None:
        """Write the words with their groups as JSON."""
        found: dict[str, object] = {**self._words}
        if self.own_words:
            found[_OWN_KEY] = sorted(self.own_words)
        path.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")

    @property
    def groups(self) -> frozenset[str]:
        """Names of all groups."""
        return frozenset(name for names in self._words.values() for name in names)

    def words_of(self, group: str) -> list[str]:
        """The words of one group, in normalised spelling."""
        return sorted(word for word, names in self._words.items() if group in names)

    def match(self, text: str) -> list[Match]:
        """Matches in a text that `normalise_text` has gone over, in order, never overlapping.

        Of all ways to cut the text the one that covers most of it wins, then the one with the
        longest words: 怎么退款 is 怎么 and 退款, though 怎么退 alone would be longer than 怎么.
        """
        units = list(_units(text))
        found: list[Match] = []
        for first, length, groups in self._best_cut(units):
            place = units[first][2], units[first + length - 1][3]
            found += [Match(group, *place, 1.0 / len(groups)) for group in groups]
        return found

    def _best_cut(self, units: list[_Unit]) -> list[tuple[int, int, tuple[str, ...]]]:
        """(first unit, number of units, groups) of the chosen words, found from right to left."""
        covered = [(0, 0)] * (len(units) + 1)
        chosen: list[tuple[int, tuple[str, ...]] | None] = [None] * len(units)
        for position in range(len(units) - 1, -1, -1):
            covered[position] = covered[position + 1]
            for length, groups in self._words_at(units, position):
                units_after, words_after = covered[position + length]
                score = (units_after + length, words_after - 1)
                if score >= covered[position]:
                    covered[position], chosen[position] = score, (length, groups)
        return list(_follow(chosen))

    def _words_at(self, units: list[_Unit], position: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        node = self._root
        for offset in range(position, len(units)):
            unit, one, _, _ = units[offset]
            following = node.following.get(unit) or node.following.get(one)
            if following is None:
                return
            node = following
            if node.groups is not None:
                yield offset - position + 1, node.groups


def _follow(
    chosen: list[tuple[int, tuple[str, ...]] | None],
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    position = 0
    while position < len(chosen):
        word = chosen[position]
        if word is None:
            position += 1
            continue
        yield position, *word
        position += word[0]


def _units(text: str) -> Iterator[_Unit]:
    for match in _UNIT.finditer(text):
        unit = one = match.group()
        if match["word"]:
            unit = unit.replace("'", "")
            one = singular(unit)
        yield unit, one, match.start(), match.end()


def _build_trie(words: Groups) -> _Node:
    root = _Node()
    for word, groups in words.items():
        node = root
        for unit in word.split(" "):
            node = node.following.setdefault(unit, _Node())
        node.groups = groups
    return root


def _fingerprint(words: Groups, own_words: frozenset[str]) -> str:
    lines = sorted(f"{word}={','.join(groups)}" for word, groups in words.items())
    lines += sorted(f"[words] {word}" for word in own_words)
    return hashlib.sha256("\n".join([_VERSION, *lines]).encode()).hexdigest()[:16]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise LexiconError(f"Expected a synonyms file at {path}, found none.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise LexiconError(
            f"Expected {path} to be a TOML file in UTF-8, could not read it ({error}). "
            "Save it as UTF-8 and try again."
        ) from error


def _parse_all(files: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The words of several (text, source) as if they stood in one file."""
    groups: dict[str, list[str]] = {}
    apart: dict[str, tuple[str, ...]] = {}
    for text, source in files:
        table = _table(text, source)
        for names, words in _group_tables(table, source):
            for word in words:
                found = groups.setdefault(_key(word, names[0], source), [])
                found += [name for name in names if name not in found]
        for word in _strings(table.get("apart", []), source):
            apart[_key(word, "apart", source)] = ()
    return {**{word: tuple(names) for word, names in groups.items()}, **apart}


def _own_words(table: dict[str, Any], source: str) -> frozenset[str]:
    """The words listed below `[words]`, whatever their lists are called."""
    lists = table.get("words", {})
    if not isinstance(lists, dict):
        raise LexiconError(
            f'Expected [words] in {source} to name lists such as brands = ["云岭"], '
            f"found {type(lists).__name__}."
        )
    return frozenset(
        normalise_text(word).strip()
        for name, words in lists.items()
        for word in _strings(words, f"[words] {name} of {source}")
        if word.strip()
    )


def _table(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LexiconError(f"Expected {source} to be valid TOML: {error}.") from error


def _group_tables(table: dict[str, Any], source: str) -> Iterator[tuple[list[str], list[str]]]:
    """The names that the words of each table belong to, its own first, and the words."""
    tables = table.get("group", [])
    if not isinstance(tables, list):
        raise LexiconError(f"Expected [[group]] tables in {source}, found {type(tables).__name__}.")
    for number, group in enumerate(tables, start=1):
        name = group.get("name") if isinstance(group, dict) else None
        if not isinstance(name, str) or not name.strip():
            raise LexiconError(f"Expected a name in group {number} of {source}, found none.")
        under = group.get("under")
        names = [name.strip(), *([under.strip()] if isinstance(under, str) else [])]
        yield names, _strings(group.get("words", []), f"group {name!r} of {source}")


def _strings(value: object, source: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise LexiconError(f'Expected a list of words in {source}, such as ["退款", "refund"].')
    return value


def _key(word: str, group: str, source: str) -> str:
    units = [unit for unit, _, _, _ in _units(normalise_text(word))]
    if not units:
        raise LexiconError(f"Expected words in {group!r} of {source}, found {word!r}.")
    return " ".join(units)


def concept_tokens(matches: Iterable[Match]) -> list[str]:
    """The tokens that stand for matched groups, such as `#refund`."""
    return ["#" + match.group for match in matches]

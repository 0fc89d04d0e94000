"""Whether two wordings are the same but for words that claim nothing, and one part moved."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from bot.generator.tokens import Token

# What changes with the word behind it, and with the word before it.
_BEFORE = frozenset("不无非勿仅除若比由向我先再都须") | frozenset({
    "not", "only", "except", "unless", "if", "before", "after", "until", "from", "than", "by", "we",
    "first", "then", "without", "instead", "all", "must", "over", "under",
})  # fmt: skip
_NO = frozenset({"not", "不", "only", "仅", "can", "可"})
_AFTER = frozenset("前后内外起止时以于优")


def says_the_same(claim: Sequence[Token], known: Sequence[Token]) -> bool:
    """Whether the claim is the known wording, at most one part of it moved elsewhere."""
    return _equal(said_keys(claim), said_keys(known))


def differs_in_value(claim: Sequence[Token], known: Sequence[Token]) -> bool:
    """Whether the known wording says of the same words another figure, or says no to them."""
    if says_the_same(claim, known):
        return False
    if len(_figures(claim) - _figures(known)) > 1:
        return False  # "300 or more: 40 off" and "500 or more: 80 off" are two things
    return _equal(_open_keys(claim), _open_keys(known))


def _figures(tokens: Sequence[Token]) -> frozenset[str]:
    return frozenset(token.key for token in tokens if token.figure)


def _open_keys(tokens: Sequence[Token]) -> list[str]:
    return [f"# {_kind(k)}" if k[0] == "#" else k for k in said_keys(tokens) if k not in _NO]


def _equal(claim: list[str], known: list[str]) -> bool:
    both = claim, known
    if not all(_names_both(keys) for keys in both):
        both = _without_you(both[0]), _without_you(both[1])
    said, meant = both
    if len(said) > len(meant):
        said = _plainer(said, meant)
    if len(said) != len(meant) or not said:
        return False
    if all(map(_same, said, meant)):
        return True
    return sorted(map(_undated, said)) == sorted(map(_undated, meant)) and _moved(said, meant)


def _moved(said: list[str], meant: list[str]) -> bool:
    """Whether one exchange of two neighbouring parts makes one of the other."""
    start = 0
    while _same(said[start], meant[start]):
        start += 1
    end = len(said)
    while _same(said[end - 1], meant[end - 1]):
        end -= 1
    middle, other = said[start:end], meant[start:end]
    for cut in range(1, len(other)):
        if all(map(_same, middle, other[cut:] + other[:cut])):
            return _keeps_figures(meant, start, start + cut, end) and _bound(said) == _bound(meant)
    return False


def _keeps_figures(known: list[str], *edges: int) -> bool:
    """Whether the figures all stand in one of the parts, so that none comes to another thing."""
    bounds = [0, *edges, len(known)]
    parts = [known[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]
    kinds = [{_kind(key) for key in part if key.startswith("#")} for part in parts]
    return all(one.isdisjoint(other) for one, other in combinations(kinds, 2))


def _kind(key: str) -> str:
    """What a figure counts."""
    return key.split()[0] if key[1].isalpha() else key.split(" ")[1]


def _plainer(said: list[str], meant: list[str]) -> list[str]:
    """The claim without `can` where the passage simply says so, and without the `we` of a no."""
    plain = {"can", "可"} - set(meant)
    party = {("we", "not"), ("我", "不")} if not {"we", "我"} & set(meant) else set()
    pairs = zip(said, [*said[1:], ""], strict=True)
    return [a for a, b in pairs if a not in plain and (a, b) not in party]


def _names_both(keys: list[str]) -> bool:
    """Whether the wording tells the shop from the customer."""
    we, you = {"we", "我"}, {"you", "您", "你"}
    return bool(we & set(keys)) and bool(you & set(keys))


def _bound(keys: list[str]) -> list[tuple[str, str]]:
    """The words that change another, each with the word that it changes."""
    pairs = [(a, b) for a, b in zip(keys, [*keys[1:], ""], strict=True) if a in _BEFORE]
    pairs += [(b, a) for a, b in zip(["", *keys], keys, strict=False) if b in _AFTER]
    return sorted(pairs)


def said_keys(tokens: Sequence[Token]) -> list[str]:
    """What the tokens claim, in order."""
    return [token.key for token in tokens if token.key and token.kind != "break"]


def _without_you(keys: list[str]) -> list[str]:
    return [key for key in keys if key not in ("you", "您", "你")]


def _same(claim: str, known: str) -> bool:
    return claim == known or (claim.startswith("#date -") and _undated(claim) == _undated(known))


def _undated(key: str) -> str:
    """A date without its year, which a claim may leave out."""
    return f"#date -{key.split('-', 1)[1]}" if key.startswith("#date") else key

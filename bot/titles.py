"""How to name an intent on a button: by a short question that customers asked about it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from retrieval.text import Analyser
from storage.types import OUT_OF_SCOPE, Example

_LENGTHS = {"zh": (4, 24), "en": (10, 60)}
_LOOKED_AT = 200

# A mask, a link, or digits may tell of one customer: such a question is shown to nobody else.
_PERSONAL = re.compile(r"[<>@\d\n]|https?:")


def choose_titles(examples: Iterable[Example], analyser: Analyser) -> dict[str, dict[str, str]]:
    """One question per intent and language; the most asked intents first."""
    questions: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    asked: Counter[str] = Counter()
    for example in examples:
        if example.intent is None or example.intent == OUT_OF_SCOPE:
            continue
        asked[example.intent] += 1
        if _can_be_shown(example):
            questions[example.intent][example.language].append(example.question.strip())
    return {label: _by_language(questions[label], analyser) for label, _ in asked.most_common()}


def _can_be_shown(example: Example) -> bool:
    shortest, longest = _LENGTHS.get(example.language, _LENGTHS["en"])
    question = example.question.strip()
    return shortest <= len(question) <= longest and not _PERSONAL.search(question)


def _by_language(questions: Mapping[str, Sequence[str]], analyser: Analyser) -> dict[str, str]:
    return {
        language: most_typical(asked[:_LOOKED_AT], analyser)
        for language, asked in questions.items()
    }


def most_typical(questions: Sequence[str], analyser: Analyser) -> str:
    """The question whose words the others share most; the shorter one of two alike."""
    cut = {question: set(analyser.tokens(question)) for question in questions}
    shared = Counter(token for tokens in cut.values() for token in tokens)

    def typical(question: str) -> tuple[float, int, str]:
        tokens = cut[question]
        score = sum(shared[token] for token in tokens) / (len(tokens) + 1)
        return -score, len(question), question

    return min(cut, key=typical)

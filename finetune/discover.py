"""Find the templates that a history answers with, by grouping answers that say the same."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from finetune.importing import SOURCE_DIALOGUE, SOURCE_SEARCH
from finetune.naming import Name, name_groups
from finetune.sameness import same_key
from retrieval.ingest import Progress
from retrieval.language import detect_language
from storage.examples import Examples
from storage.normalise import text_key
from storage.templates import EDITOR_DISCOVERY, Templates
from storage.types import OUT_OF_SCOPE, Example, Template, TemplateDraft

SAID_TO = 2
"""To how many customers an answer must have been said before it becomes a template."""

_SLOT = re.compile(r"<([a-z_]+)>")


@dataclass(frozen=True, slots=True)
class Group:
    """Answers that say the same, the commonest first; `counts` says how often each was given."""

    key: str
    texts: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the answers go: to a template that exists, or to a new one."""

    joined: Mapping[int, tuple[str, ...]]
    created: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class DiscoveryReport:
    """What discovery did: new templates, wordings merged into templates, labelled examples."""

    templates: tuple[str, ...]
    variants: int
    labelled: int


def group_answers(answers: Mapping[str, int]) -> list[Group]:
    """The answers (with how often each was given) in groups that say the same."""
    groups: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for text, count in answers.items():
        groups[same_key(text)].append((text, count))
    found = []
    for key, members in groups.items():
        members.sort(key=lambda member: (-member[1], len(member[0]), member[0]))
        found.append(Group(key, tuple(t for t, _ in members), tuple(c for _, c in members)))
    return sorted(found, key=lambda group: (-sum(group.counts), group.texts))


def plan(groups: Iterable[Group], bound: Mapping[str, int], wordings: Mapping[str, int]) -> Plan:
    """Give each group to the template with the greatest share in it, or to a new one.

    `bound` maps answers to the template they already stand for, and `wordings` does so for the
    texts of the templates themselves, by their `same_key`. What is bound stays where it is.
    """
    joined: defaultdict[int, list[str]] = defaultdict(list)
    created = []
    for group in groups:
        votes: Counter[int] = Counter()
        for text, count in zip(group.texts, group.counts, strict=True):
            if text in bound:
                votes[bound[text]] += count
        if group.key in wordings:
            votes[wordings[group.key]] += 1
        free = [text for text in group.texts if text not in bound]
        if not votes:
            created.append(group)
        elif free:
            holder = max(votes, key=lambda template: (votes[template], -template))
            joined[holder] += free
    return Plan({template: tuple(texts) for template, texts in joined.items()}, tuple(created))


def discover_templates(session: Session, *, progress: Progress | None = None) -> DiscoveryReport:
    """Make templates of the history's answers, and label the examples that have no intent.

    Golden questions make no template; they are labelled by those that exist.
    """
    examples = [e for e in Examples(session).all() if e.source != SOURCE_SEARCH]
    answered = [e for e in examples if e.answer and not e.golden and e.intent != OUT_OF_SCOPE]
    named = _from_labelled(session, [e for e in answered if e.intent])
    if progress is not None:
        progress("discovery", 0.2)
    free = [e for e in answered if not e.intent]
    groups = group_answers(Counter(e.answer for e in free if e.answer))
    bound, wordings = _bindings(session, groups)
    found = plan(groups, bound, wordings)
    variants = Templates(session).add_variants(
        {text_key(text): holder for holder, texts in found.joined.items() for text in texts}
    )
    if progress is not None:
        progress("discovery", 0.5)
    taken = _taken(session, examples)
    created = _worth_a_template(found.created, free)
    names = name_groups(_questions(created, free), taken)
    languages = {e.answer: _language(e) for e in free if e.answer}
    for name, group in zip(names, created, strict=True):
        variants += _create(session, name, group, languages[group.texts[0]])
    labelled = _label(session, [e for e in examples if e.answer and not e.intent])
    if progress is not None:
        progress("discovery", 1.0)
    return DiscoveryReport((*named, *names), variants, labelled)


def _worth_a_template(groups: Sequence[Group], examples: Sequence[Example]) -> list[Group]:
    """The groups without what was said to one customer alone: that is no answer for others."""
    written = {e.answer for e in examples if e.source != SOURCE_DIALOGUE}
    return [
        group
        for group in groups
        if sum(group.counts) >= SAID_TO or any(text in written for text in group.texts)
    ]


def _from_labelled(session: Session, examples: Sequence[Example]) -> list[Name]:
    """Templates for the intents that the history itself names, from what it answered to them.

    Of an intent with several different answers the commonest becomes the template, in each
    language; the others are not the same and stay what search can find.
    """
    by_intent: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_intent[str(example.intent)].append(example)
    known = {template.name: template for template in Templates(session).all(include_retired=True)}
    created = [intent for intent in by_intent if intent not in known]
    for intent in created:
        known[intent] = _save(session, intent, _commonest(by_intent[intent]))
    same: dict[str, int] = {}
    for intent, members in by_intent.items():
        if not known[intent].retired:
            same |= _same_wordings(known[intent], {str(e.answer) for e in members})
    Templates(session).add_variants(same)
    return created


def _commonest(examples: Sequence[Example]) -> dict[str, tuple[str, ...]]:
    """What was said most often, in each language."""
    given: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        given[_language(example)][str(example.answer)] += 1
    return {
        language: (group_answers(answers)[0].texts[0],)
        for language, answers in sorted(given.items())
    }


def _language(example: Example) -> str:
    """That of the answer; a customer may have asked in another one."""
    return detect_language(str(example.answer)) or example.language


def _save(session: Session, name: Name, texts: dict[str, tuple[str, ...]]) -> Template:
    draft = TemplateDraft(name, texts, _slots(texts), origin=EDITOR_DISCOVERY)
    return Templates(session).save(draft, editor=EDITOR_DISCOVERY)


def _same_wordings(template: Template, answers: Iterable[str]) -> dict[str, int]:
    own = {same_key(text) for texts in template.texts.values() for text in texts}
    return {text_key(text): template.id for text in answers if same_key(text) in own}


def _bindings(session: Session, groups: Sequence[Group]) -> tuple[dict[str, int], dict[str, int]]:
    """Which template each answer stands for already, and which says the same as what."""
    keys = {text: text_key(text) for group in groups for text in group.texts}
    known = Templates(session).find_by_texts(keys.values())
    bound = {text: known[key] for text, key in keys.items() if key in known}
    wordings: dict[str, int] = {}
    for template in Templates(session).all():
        for text in (text for texts in template.texts.values() for text in texts):
            wordings.setdefault(same_key(text), template.id)
    return bound, wordings


def _create(session: Session, name: Name, group: Group, language: str) -> int:
    """Save the template of a group; returns how many further wordings it took."""
    template = _save(session, name, {language: (group.texts[0],)})
    return Templates(session).add_variants({text_key(t): template.id for t in group.texts[1:]})


def _slots(texts: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What masking took out of an answer has to be filled in before it can be sent again."""
    found = (m[1] for wordings in texts.values() for text in wordings for m in _SLOT.finditer(text))
    return tuple(dict.fromkeys(found))


def _questions(groups: Sequence[Group], examples: Sequence[Example]) -> list[list[str]]:
    place = {text: i for i, group in enumerate(groups) for text in group.texts}
    questions: list[list[str]] = [[] for _ in groups]
    for example in examples:
        if example.answer in place:
            questions[place[example.answer]].append(example.question)
    return questions


def _taken(session: Session, examples: Sequence[Example]) -> set[str]:
    """Names that a new template must not have: it would be taken for another intent."""
    names = {template.name for template in Templates(session).all(include_retired=True)}
    return names | {e.intent for e in examples if e.intent} | {OUT_OF_SCOPE}


def _label(session: Session, examples: Sequence[Example]) -> int:
    """Name the template of its answer as the intent of each example that has none."""
    names = {template.id: template.name for template in Templates(session).all()}
    keys = {e.answer: text_key(e.answer) for e in examples if e.answer}
    holders = Templates(session).find_by_texts(set(keys.values()))
    labels = {
        e.id: names[holder]
        for e in examples
        if e.id is not None and e.answer and (holder := holders.get(keys[e.answer])) in names
    }
    Examples(session).assign_intents(labels)
    return len(labels)

"""Stories go through the pipeline turn by turn; the first wrong step is told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.errors import NotReadyError
from bot.stories import play_all, read_stories
from storage.errors import InputError

if TYPE_CHECKING:
    from tests.bot.conftest import Shop

STORIES = """
- story: a refund, then a person, then the bot again
  turns:
    - customer: 我要退款
      decision: template
      intent: refund
      language: zh
      offers_person: false
    - customer: tell me a joke
      decision: no_answer
      language: en
      offers_person: true
    - press: Talk to a person
      decision: handoff
    - customer: hello?
      decision: relay
      buttons: Back to the assistant
    - press: Back to the assistant
      decision: clarify
    - customer: refund please
      says: 3 days
      never_says: [joke]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return path


async def test_a_story_that_comes_out_as_written_passes(shop: Shop, tmp_path: Path) -> None:
    stories = read_stories(write(tmp_path, STORIES))
    assert [len(story.steps) for story in stories] == [6]
    assert await play_all(shop.services, stories) == []
    # Nothing was stored.
    assert await shop.all_messages("rehearsal") == []


@pytest.mark.parametrize(
    ("turns", "step", "found"),
    [
        ("[{customer: 我要退款, decision: handoff}]", 1, {"decision": "template"}),
        ("[{customer: 我要退款}, {customer: 我要退款, intent: x}]", 2, {"intent": "refund"}),
        ("[{customer: 我要退款, document: a.md}]", 1, {"document": []}),
        ("[{press: nowhere}]", 1, {"buttons": []}),
    ],
)
async def test_the_first_step_that_differs_is_told(
    shop: Shop, tmp_path: Path, turns: str, step: int, found: object
) -> None:
    stories = read_stories(write(tmp_path, f"- story: s\n  turns: {turns}\n"))
    (failure,) = await play_all(shop.services, stories)
    assert (failure.story, failure.file, failure.step) == ("s", "a.yaml", step)
    assert failure.found == found


async def test_without_a_bundle_there_is_nothing_to_play(
    shop_without_bundle: Shop, tmp_path: Path
) -> None:
    with pytest.raises(NotReadyError, match="kefu retrain"):
        await play_all(shop_without_bundle.services, read_stories(write(tmp_path, STORIES)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a list of stories"),
        ("[]", "at least one story"),
        ("{a: 1}", "expected a list of stories"),
        ("- story: s", "the keys `story` and `turns`, found story"),
        ("- {story: s, turns: []}", "a list of turns"),
        ("- {story: s, turns: [{says: a}]}", "either `customer` or `press`, found says"),
        ("- {story: s, turns: [{customer: a, press: b}]}", "either `customer` or `press`"),
        ("- {story: s, turns: [{customer: a, sais: b}]}", "found 'sais'"),
        ("- {story: s, turns: [{customer: a, intent: [b]}]}", "intent to be a str"),
        ("- {story: s, turns: [{customer: a, decision: tempalte}]}", "a decision out of relay,"),
        ("- {story: s, turns: [", "a YAML file in UTF-8"),
        ("!!python/object:os.system [x]", "a YAML file in UTF-8"),
    ],
)
def test_bad_files_are_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_stories(write(tmp_path, text))

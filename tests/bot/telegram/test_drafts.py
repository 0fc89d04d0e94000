"""A reply that takes long: typing, then a message that grows, then the whole reply in its place."""

import asyncio
from dataclasses import replace

import pytest

from bot.generator.base import Piece
from bot.telegram.double import Cut
from bot.telegram.double_rules import Refusal
from bot.testing import KeywordIndex
from retrieval.lexicon import Lexicon
from retrieval.text import Analyser
from retrieval.types import EVERYTHING_VALID, Hit
from storage.drafts import Drafts
from storage.models import ShownDraftRow
from storage.staff import StaffAccounts
from storage.types import Citation, Passage, ShownDraft, StaffRole
from tests.bot.telegram.telegram_shop import (
    PACE,
    conversation,
    eventually,
    got,
    history,
    hooked,
    load_models,
    open_shop,
    quiet,
    serving,
)

TEXT = "水垢用白醋去除。"
CITED = Citation(1, TEXT, "水壶保养", "水垢", 0, len(TEXT))
WHOLE = "水垢用白醋去除。冲洗两次。三个月一次。[1]\n\n[1] 水壶保养 › 水垢"
EAGER = replace(PACE, draft=0.0, typing=0.0)


class Gated:
    """A generator that says a piece when the test lets it, and ends at None."""

    def __init__(self):
        self.pieces = asyncio.Queue()

    async def write(self, request):
        while (piece := await self.pieces.get()) is not None:
            yield piece

    def say(self, *texts, end=False):
        for text in texts:
            self.pieces.put_nowait(Piece(text, (CITED,) if "[1]" in text else ()))
        if end:
            self.pieces.put_nowait(None)


class OnePassage(KeywordIndex):
    """An index that finds one passage for every question."""

    def search(self, query, k=10, *, only=EVERYTHING_VALID):
        passage = Passage(1, "kettle", "水壶", "document", "水垢", TEXT, 0, len(TEXT), "zh")
        return [Hit(passage, 0.99, 0.9, 0.9)]


@pytest.fixture
def generator():
    return Gated()


@pytest.fixture
def load(generator):
    def load(templates):
        models = load_models(templates)
        return lambda bundle: replace(
            models(bundle), index=OnePassage(Analyser(Lexicon.from_package())), generator=generator
        )

    return load


@pytest.fixture
async def slow(tmp_path, load):
    async with open_shop(tmp_path / "home", load=load) as services:
        yield services


def drafts(services):
    return services.work.read(lambda s: s.query(ShownDraftRow).count())


@pytest.mark.parametrize("way_in", [serving, hooked])
async def test_a_draft_grows_and_becomes_the_reply(telegram, slow, generator, way_in):
    async with way_in(slow, telegram, pace=EAGER):
        await telegram.write(7, "水垢怎么办？")
        await telegram.wait_for(lambda t: t.actions == [7])
        generator.say("水垢用白醋去除。")
        await telegram.wait_for(got(7))
        assert telegram.texts(7) == ["水垢用白醋去除。"]
        generator.say("冲洗两次。")
        await telegram.wait_for(lambda t: t.edits)
        generator.say("三个月一次。[1]", end=True)
        await telegram.wait_for(lambda t: t.texts(7) == [WHOLE])
        assert [text for text, _ in telegram.sent[0].buttons] == ["👍", "👎"]
        assert await eventually(lambda: drafts(slow), lambda count: count == 0) == 0
    assert sum(method == "sendmessage" for method, _ in telegram.calls) == 1


async def test_edits_keep_a_polite_rate(telegram, slow, generator):
    async with serving(slow, telegram, pace=replace(EAGER, edit=60.0)):
        await telegram.write(7, "水垢怎么办？")
        generator.say("水垢用白醋去除。", *("冲洗。" for _ in range(50)), "完。[1]", end=True)
        await telegram.wait_for(lambda t: t.texts(7) and "[1]" in t.texts(7)[0])
    shown = [m for m, _ in telegram.calls if m in ("sendmessage", "editmessagetext")]
    assert shown == ["sendmessage", "editmessagetext"]


async def test_a_quick_reply_shows_no_draft(telegram, slow, generator):
    async with serving(slow, telegram, pace=replace(PACE, draft=60.0)):
        generator.say("水垢用白醋去除。", "冲洗两次。", "三个月一次。[1]", end=True)
        await telegram.write(7, "水垢怎么办？")
        await telegram.wait_for(got(7))
        assert telegram.texts(7) == [WHOLE]
    assert "editmessagetext" not in {method for method, _ in telegram.calls}
    assert telegram.actions == []


async def test_a_take_over_deletes_what_was_shown(telegram, slow, generator):
    async with serving(slow, telegram, pace=EAGER):
        await telegram.write(7, "水垢怎么办？")
        generator.say("水垢用白醋去除。")
        await telegram.wait_for(got(7))
        staff = await slow.work.run(lambda s: StaffAccounts(s).add("li", "x", StaffRole.OPERATOR))
        found = await conversation(slow, 7)
        await slow.handoff.take(found.id, staff.id)
        generator.say("冲洗两次。[1]", end=True)
        await telegram.wait_for(lambda t: t.deleted)
        assert telegram.texts(7) == []
        stored = await eventually(lambda: history(slow, 7), lambda found: len(found) == 2)
        assert (stored[1].decision, stored[1].text) == ("relay", "")


@pytest.mark.parametrize(
    "failures", [(Cut.AFTER,), (Cut.BEFORE, Refusal(502, "Bad Gateway"), Cut.AFTER)]
)
async def test_the_last_edit_is_made_until_it_is_known_to_be_there(
    telegram, slow, generator, failures
):
    async with serving(slow, telegram, pace=EAGER):
        await telegram.write(7, "水垢怎么办？")
        generator.say("水垢用白醋去除。冲洗两次。")
        await telegram.wait_for(got(7))
        telegram.script("editMessageText", *failures)
        generator.say("三个月一次。[1]", end=True)
        await telegram.wait_for(lambda t: t.texts(7) == [WHOLE])
        await eventually(lambda: drafts(slow), lambda count: count == 0)


async def test_a_draft_that_the_customer_deleted_is_sent_anew(telegram, slow, generator):
    async with serving(slow, telegram, pace=EAGER):
        await telegram.write(7, "水垢怎么办？")
        generator.say("水垢用白醋去除。冲洗两次。")
        await telegram.wait_for(got(7))
        telegram.sent.clear()
        generator.say("三个月一次。[1]", end=True)
        await telegram.wait_for(got(7))
        assert telegram.texts(7) == [WHOLE]


async def test_a_draft_of_before_a_crash_becomes_the_reply(telegram, tmp_path, load, generator):
    home = tmp_path / "home"
    hasty = replace(EAGER, closing=0.0)
    async with open_shop(home, load=load) as services, serving(services, telegram, pace=hasty):
        await telegram.write(7, "水垢怎么办？")
        generator.say("水垢用白醋去除。")
        await telegram.wait_for(got(7))
        await eventually(lambda: drafts(services), lambda count: count == 1)
    generator.say("水垢用白醋去除。冲洗两次。三个月一次。[1]", end=True)
    async with open_shop(home, load=load) as services:
        await services.recover()
        async with serving(services, telegram):
            await telegram.wait_for(lambda t: t.texts(7) == [WHOLE])
            await eventually(lambda: drafts(services), lambda count: count == 0)


async def test_a_draft_whose_reply_never_came_is_taken_away(telegram, services):
    async with serving(services, telegram):
        await telegram.write(7, "怎么退款？")
        await telegram.wait_for(got(7))
        await quiet(telegram)
        asked, _ = await history(services, 7)
    left = telegram.sent[0]
    draft = ShownDraft(asked.id, "7", str(left.message_id))
    await services.work.run(lambda s: Drafts(s).show(draft))
    async with serving(services, telegram):
        await telegram.wait_for(lambda t: t.deleted == [(7, left.message_id)])
        await eventually(lambda: drafts(services), lambda count: count == 0)

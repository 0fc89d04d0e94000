"""The topics that nothing is written about, for the staff page and the command line."""

from __future__ import annotations

from datetime import timedelta

from bot.searching import SearchIndex
from bot.work import Compute, Work
from finetune.gaps import Gap, find_gaps
from storage.base import utc_now
from storage.unanswered import unanswered_questions


async def list_gaps(
    work: Work, compute: Compute, index: SearchIndex, *, days: int, limit: int
) -> list[Gap]:
    """The gaps of the last days, the most asked about first; models run off the event loop."""
    since = utc_now() - timedelta(days=days)
    asked = await work.read(lambda session: unanswered_questions(session, since=since))
    return await compute.run(lambda: find_gaps(asked, index.encode, index.search, limit=limit))

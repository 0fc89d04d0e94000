"""Reports of bundles, and why the bot says what it says."""

from __future__ import annotations

import asyncio
from functools import partial

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from bot.admin.learning import BundleId
from bot.admin.schemas import ExplainIn
from bot.explaining import explain as explain_message
from bot.web.state import WebDep
from finetune.report.files import SERVED_POLICY, read_page
from storage.bundles import Bundles

router = APIRouter()


# With an HTML response class the errors would be documented as HTML as well.
@router.get(
    "/bundles/{bundle_id}/report",
    response_model=None,
    responses={200: {"content": {"text/html": {}}}},
)
async def report(web: WebDep, bundle_id: BundleId) -> HTMLResponse:
    """The report of a bundle, as a page that loads and runs nothing."""
    services = web.services
    await services.work.read(lambda session: Bundles(session).get(bundle_id))
    page = await asyncio.to_thread(partial(read_page, services.settings.bundles_dir / bundle_id))
    return HTMLResponse(page, headers={"Content-Security-Policy": SERVED_POLICY})


@router.post("/explain")
async def explain(web: WebDep, body: ExplainIn) -> dict[str, object]:
    """What would be answered to a message and why; nothing is stored.

    The words of the message with their weights, the nearest training questions, the runners-up,
    the limits and the passages that search finds.
    """
    await web.services.live.check()
    found = await explain_message(web.services, body.text)
    return found.as_dict()

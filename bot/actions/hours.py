"""Built-in action: whether the shops are open at this moment."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bot.actions.base import ActionCall, ActionResult, ActionStatus
from bot.office import OfficeHours
from finetune.templating import Value


class StoreHours:
    """Open or closed now, by the hours of the stores in shop.toml."""

    variables = frozenset(("open", "opens", "closes", "now"))
    offered = False

    def __init__(self, hours: OfficeHours | None) -> None:
        """Without hours nothing is said."""
        self._hours = hours

    async def run(self, call: ActionCall) -> ActionResult:
        """The state at the moment of the message."""
        if self._hours is None:
            return ActionResult(ActionStatus.NOTHING)
        local = call.at.astimezone(ZoneInfo(self._hours.time_zone))
        values: dict[str, Value] = {
            "open": self._hours.are_open(call.at),
            "opens": f"{self._hours.opens:%H:%M}",
            "closes": f"{self._hours.closes:%H:%M}",
            "now": f"{local:%H:%M}",
        }
        return ActionResult(ActionStatus.DONE, values)

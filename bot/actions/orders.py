"""Built-in actions on the shop's orders: what is shown, and what staff are asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.actions.base import ActionCall, ActionResult, ActionStatus
from bot.actions.files import Order, Product, Watched
from bot.actions.ownership import order_key, verified
from bot.wording import spoken
from finetune.templating import Value
from storage.types import NewServiceRequest

_STATUS: Mapping[str, Mapping[str, str]] = {
    "unpaid": {"zh": "等待付款", "en": "waiting for payment"},
    "paid": {"zh": "已付款，等待打包", "en": "paid, waiting to be packed"},
    "packed": {"zh": "已打包，等待快递揽收", "en": "packed, waiting for the courier"},
    "shipped": {"zh": "已发货，正在路上", "en": "shipped and on its way"},
    "delivered": {"zh": "已送达", "en": "delivered"},
    "cancelled": {"zh": "已取消", "en": "cancelled"},
    "returning": {"zh": "退货处理中", "en": "being returned"},
    "refunded": {"zh": "已退款", "en": "refunded"},
}
_BEFORE_DISPATCH = frozenset(("unpaid", "paid", "packed"))
POSSIBLE: Mapping[str, frozenset[str]] = {
    "cancel_order": _BEFORE_DISPATCH,
    "change_address": _BEFORE_DISPATCH | {"shipped"},
    "return_refund": frozenset(("delivered",)),
    "invoice": frozenset(("paid", "packed", "shipped", "delivered")),
}
"""In which states of an order staff can still do what a customer asks for."""

_LOOKED_UP = frozenset(
    [
        "order",
        "status",
        "status_text",
        "items",
        "carrier",
        "tracking",
        "event",
        "event_time",
        "history",
        "has_refund",
        "refund_status",
        "refund_amount",
        "refund_done",
    ]
)
_REQUESTED = frozenset(("order", "status", "status_text", "items", "possible", "reference"))
_HISTORY = 3


class LookUp:
    """Shows a verified owner where the order is, and its refund if there is one."""

    variables = _LOOKED_UP

    def __init__(
        self,
        orders: Watched[dict[str, Order]],
        products: Watched[dict[str, Product]],
        time_zone: str,
        *,
        offered: bool = False,
    ) -> None:
        """Times are told in the shop's time zone."""
        self.offered = offered
        self._orders, self._products, self._zone = orders, products, ZoneInfo(time_zone)

    async def run(self, call: ActionCall) -> ActionResult:
        """What is known of the order; the same refusal if it is foreign or does not exist."""
        order = verified(self._orders.get(), call.slots)
        if order is None:
            return ActionResult(ActionStatus.REFUSED, failed_order=order_key(call.slots))
        language = spoken(call.language)
        values = facts(order, self._products.get(), language)
        events = order.get("events") or []
        told = [
            f"{self._clock(event['time'])} {event.get(f'text_{language}', '')}" for event in events
        ]
        refund = order.get("refund") or {}
        values |= {
            "carrier": str(order.get("carrier") or ""),
            "tracking": str(order.get("tracking") or ""),
            "event": events[-1].get(f"text_{language}", "") if events else "",
            "event_time": self._clock(events[-1]["time"]) if events else "",
            "history": "\n".join(told[-_HISTORY:]),
            "has_refund": bool(refund),
            "refund_status": str(refund.get("status", "")),
            "refund_amount": _money(refund.get("amount", 0), str(order.get("currency", ""))),
            "refund_done": refund.get("status") == "completed",
        }
        return ActionResult(ActionStatus.DONE, values)

    def _clock(self, moment: str) -> str:
        local = datetime.fromisoformat(moment).astimezone(self._zone)
        return local.strftime("%Y-%m-%d %H:%M")


class Request:
    """Notes down what a verified owner wants done; staff see it and do it."""

    variables = _REQUESTED
    offered = True

    def __init__(
        self, orders: Watched[dict[str, Order]], products: Watched[dict[str, Product]]
    ) -> None:
        """The orders themselves are never written to."""
        self._orders, self._products = orders, products

    async def run(self, call: ActionCall) -> ActionResult:
        """A request with a reference, if the order is in a state in which it can be done."""
        order = verified(self._orders.get(), call.slots)
        if order is None:
            return ActionResult(ActionStatus.REFUSED, failed_order=order_key(call.slots))
        values = facts(order, self._products.get(), spoken(call.language))
        possible = order["status"] in POSSIBLE[call.action]
        reference = f"R{call.message_id}"
        details = {
            name: value
            for name, value in call.slots.items()
            if name not in ("order", "phone_last4")
        }
        request = NewServiceRequest(call.action, reference, order["order"], details)
        return ActionResult(
            ActionStatus.DONE,
            {**values, "possible": possible, "reference": reference if possible else ""},
            request if possible else None,
        )


def facts(order: Order, products: Mapping[str, Product], language: str) -> dict[str, Value]:
    """What any wording about an order may say; nothing of its owner."""
    items = []
    for item in order.get("items", ()):
        product = products.get(item["sku"])
        name = product.names[language] if product is not None else item["sku"]
        items.append(name if item.get("quantity", 1) == 1 else f"{name} ×{item['quantity']}")
    status = order["status"]
    return {
        "order": order["order"],
        "status": status,
        "status_text": _STATUS.get(status, {}).get(language, status),
        "items": ("、" if language == "zh" else ", ").join(items),
    }


def _money(amount: float, currency: str) -> str:
    sign = {"CNY": "¥", "USD": "US$"}.get(currency, f"{currency} ")
    return f"{sign}{amount:g}"

"""Every action that a shop has: the built-in ones on its files, and its webhooks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bot.actions.base import Action
from bot.actions.catalogue import Recommend, Stock
from bot.actions.files import ORDERS_FILE, PRODUCTS_FILE, Watched, read_orders, read_products
from bot.actions.hours import StoreHours
from bot.actions.orders import POSSIBLE, LookUp, Request
from bot.actions.webhook import Webhook
from bot.office import OfficeHours
from bot.work import Compute
from finetune.shop import Shop

LOOK_UPS = {"order_status": False, "logistics": False, "refund_status": True}
"""Look-ups, and whether they are offered beside a wording that answers most questions alone."""


def shop_actions(
    folder: Path | None, shop: Shop | None, compute: Compute, read_secret: Callable[[str], str]
) -> dict[str, Action]:
    """The actions by name; a webhook takes the place of the built-in one of its name.

    An action whose file the folder lacks does not exist.
    """
    if folder is None or shop is None:
        return {}
    actions: dict[str, Action] = {}
    products = Watched(folder / PRODUCTS_FILE, read_products)
    if (folder / PRODUCTS_FILE).exists():
        actions |= {"stock": Stock(products), "recommend": Recommend(products, compute)}
        if (folder / ORDERS_FILE).exists():
            orders = Watched(folder / ORDERS_FILE, read_orders)
            actions |= {
                name: LookUp(orders, products, shop.time_zone, offered=offered)
                for name, offered in LOOK_UPS.items()
            }
            actions |= dict.fromkeys(POSSIBLE, Request(orders, products))
    if shop.stores is not None:
        hours = shop.stores
        opened = OfficeHours(hours.opens, hours.closes, hours.days, shop.time_zone)
        actions["store_hours"] = StoreHours(opened)
    for config in shop.webhooks:
        actions[config.name] = Webhook(config, read_secret(config.secret))
    return actions

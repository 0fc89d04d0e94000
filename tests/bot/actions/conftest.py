"""A shop folder with a few orders and products."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

PRODUCTS = """sku,name_zh,name_en,category,price_cny,price_usd,stock,attributes,released
GL-R40,青禾 R40 电饭煲,Greenleaf R40 rice cooker,rice_cooker,349,79,118,for_people=2-5,2024-03-08
GL-R50,青禾 R50 电饭煲,Greenleaf R50 rice cooker,rice_cooker,429,95,0,for_people=4-8,2024-03-08
GL-K15,青禾 K15 电热水壶,Greenleaf K15 electric kettle,kettle,99,29,12,color=white,2023-04-18
"""


def order(number: str, phone: str, status: str, **more: object) -> dict[str, object]:
    event = {"time": "2026-11-20T10:00:00+08:00", "text_zh": "已揽收", "text_en": "Collected"}
    return {"order": number, "phone": phone, "status": status, "currency": "CNY",
            "items": [{"sku": "GL-R40", "quantity": 2}], "events": [event],
            "carrier": "SF", "tracking": "SF1", "name": "Wang", **more}  # fmt: skip


ORDERS = [
    order("GL2611080452", "+44 7700 900014", "shipped"),
    order("GL2611206774", "16855104663", "packed"),
    *(
        order(f"GL26{number:08}", f"1685510{number % 9000 + 1000}", "paid")
        for number in range(1000)
    ),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "products.csv").write_text(PRODUCTS, "utf-8")
    (tmp_path / "orders.json").write_text(json.dumps(ORDERS), "utf-8")
    return tmp_path

"""What the sample shop's folder becomes."""

from __future__ import annotations

from pathlib import Path

from bot.loading import load_shop_facts
from bot.settings import Settings
from bot.types import ShopFacts

SAMPLE = Path(__file__).parents[2] / "examples" / "shop"


def test_without_a_folder_the_plain_defaults_stand() -> None:
    assert load_shop_facts(Settings()) == ShopFacts()


def test_the_sample_shop_says_who_it_is_and_when_people_answer() -> None:
    facts = load_shop_facts(Settings(shop=SAMPLE))
    assert (facts.name, facts.language) == (facts.names["zh"], "zh")
    assert "400-820-0310" in facts.contacts
    assert facts.office is not None
    assert facts.office.time_zone == "Asia/Shanghai"
    assert set(facts.hours) == set(facts.waiting) == set(facts.closed) == {"zh", "en"}
    assert facts.suggestions

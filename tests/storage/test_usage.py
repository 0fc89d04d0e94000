"""The day's budget of the language model, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

from storage.database import Database
from storage.usage import GeneratorUsage

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


def book(database: Database, tokens: int, limit: int | None, day: date = MONDAY) -> bool:
    with database.session() as session:
        return GeneratorUsage(session).book(day, tokens, limit)


def used(database: Database, day: date = MONDAY) -> int:
    with database.session(read_only=True) as session:
        return GeneratorUsage(session).used(day)


def test_a_day_is_spent_up_to_its_limit(database: Database) -> None:
    assert used(database) == 0
    assert book(database, 60, 100)
    assert not book(database, 50, 100)
    assert book(database, 40, 100)
    assert book(database, 50, 100, TUESDAY)
    assert book(database, 1000, None)
    assert (used(database), used(database, TUESDAY)) == (1100, 50)


def test_what_was_not_used_is_given_back(database: Database) -> None:
    book(database, 60, 100)
    for tokens, left in ((-20, 40), (-100, 0), (7, 7)):
        with database.session() as session:
            GeneratorUsage(session).correct(MONDAY, tokens)
        assert used(database) == left


def test_two_servers_cannot_both_take_the_last_of_it(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: book(database, 30, 100), range(12)))
    assert (sum(taken), used(database)) == (3, 90)

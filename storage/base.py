"""What all tables share: naming of constraints, column types, the clock."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import Annotated, Any, ClassVar, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, mapped_column

_Item = TypeVar("_Item")
_CHUNK = 500
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text with what no database can hold (NUL, lone surrogates) shown as U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class CleanText(TypeDecorator[str]):
    """Text from anywhere; both databases store and compare the same characters."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Replace what cannot be stored."""
        return None if value is None else storable(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment; SQLite keeps it without its zone, which is always UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone, and store the others in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a datetime with a time zone, found {value.isoformat()}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON(none_as_null=True)
"""A JSON column whose missing value is NULL, not the JSON word null."""

RowId = Annotated[int, mapped_column(primary_key=True, autoincrement=True)]
"""A number given by the database and never given again, even after its row is deleted."""


class Base(DeclarativeBase):
    """Parent of all tables; names of constraints follow one rule so that migrations are stable."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: CleanText,
        int: BigInteger().with_variant(Integer, "sqlite"),
        float: Double,
        bool: Boolean,
        date: Date,
        datetime: UtcDateTime,
        dict[str, Any]: Json,
        list[Any]: Json,
    }


def table_of(row: type[Base]) -> Table:
    """The Core table of a mapped class: for statements that must not pay for the ORM."""
    table = row.__table__
    if not isinstance(table, Table):
        raise TypeError(f"expected {row.__name__} to map one table, found {type(table).__name__}")
    return table


def chunks(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """The items in lists short enough for one statement: databases limit its parameters."""
    waiting = iter(items)
    while some := list(islice(waiting, _CHUNK)):
        yield some

"""Fine-tuned adapters of the chat model, and the one row that says which of them is live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from storage.audit import AuditLog
from storage.base import utc_now
from storage.bundles import OUTCOME_PROMOTED, OUTCOME_REFUSED
from storage.errors import ConflictError, NotFoundError
from storage.models import AdapterRow, LiveAdapterRow
from storage.types import AdapterRecord


class Adapters:
    """The adapters of one session; their files are in the home's `adapters/` folder."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def add(
        self,
        adapter_id: str,
        *,
        base: str,
        data_fingerprint: str,
        messages: Sequence[int],
        metrics: dict[str, Any],
        outcome: str,
    ) -> AdapterRecord:
        """Register an adapter whose folder is complete; it is not live yet.

        `messages` are the ids of the messages that it was trained on, for erasure.
        """
        if self._session.get(AdapterRow, adapter_id) is not None:
            raise ConflictError(f"adapter {adapter_id!r} is registered already")
        values = {
            "id": adapter_id,
            "base": base,
            "data_fingerprint": data_fingerprint,
            "messages": sorted(messages),
            "metrics": metrics,
            "outcome": outcome,
            "created_at": utc_now(),
        }
        self._session.execute(insert(AdapterRow).values(values))
        return self.get(adapter_id)

    def get(self, adapter_id: str) -> AdapterRecord:
        """The adapter of this id."""
        return _adapter(self._row(adapter_id), self.live_id())

    def live_id(self) -> str | None:
        """The id of the live adapter: one row, cheap enough to ask often."""
        return self._session.scalar(select(LiveAdapterRow.adapter_id))

    def live(self) -> AdapterRecord | None:
        """The live adapter; None if the chat model writes as it came."""
        live_id = self.live_id()
        return None if live_id is None else self.get(live_id)

    def list(self) -> list[AdapterRecord]:
        """Every adapter, the newest first."""
        live_id = self.live_id()
        query = select(AdapterRow).order_by(AdapterRow.created_at.desc(), AdapterRow.id.desc())
        return [_adapter(row, live_id) for row in self._session.scalars(query)]

    def previous(self) -> AdapterRecord | None:
        """The adapter that was live before the live one; None stands for the model as it came.

        Raises ConflictError if none is live, so that there is nothing to go back from.
        """
        live_id = self.live_id()
        if live_id is None:
            raise ConflictError("expected a live adapter to go back from, found none")
        before = self._row(live_id).supersedes
        return None if before is None else self.get(before)

    def promote(self, adapter_id: str, *, by: str, reason: str, override: bool = False) -> None:
        """Make an adapter the live one, and write down who did it and why.

        One that the gate refused needs `override`.
        """
        live_id = self._lock()
        row = self._row(adapter_id)
        if row.outcome == OUTCOME_REFUSED and not override:
            raise ConflictError(
                f"the gate refused adapter {adapter_id!r}; to pass the gate, promote with "
                "--override"
            )
        goes_back = live_id is not None and self._row(live_id).supersedes == adapter_id
        if live_id != adapter_id and not goes_back:
            row.supersedes = live_id
        row.outcome, row.promoted_at = OUTCOME_PROMOTED, utc_now()
        self._session.flush()
        self._point_to(adapter_id, by, {"reason": reason, "override": override, "before": live_id})

    def roll_back(self, to: str | None, *, by: str) -> None:
        """Go back to what was live before, None for the model as it came.

        `to` is what `previous` said; ConflictError if somebody has promoted another one since.
        """
        live_id = self._lock()
        before = self.previous()
        if (before.id if before is not None else None) != to:
            raise ConflictError(
                f"expected to go back from another adapter than {live_id!r}, which was promoted "
                "this moment; look at `kefu generator list`"
            )
        self._point_to(to, by, {"reason": "rollback", "before": live_id})

    def _lock(self) -> str | None:
        """The live adapter's id; whoever promotes beside us waits."""
        return self._session.scalar(select(LiveAdapterRow.adapter_id).with_for_update())

    def _point_to(self, adapter_id: str | None, by: str, detail: dict[str, Any]) -> None:
        values = {"adapter_id": adapter_id, "changed_at": utc_now()}
        self._session.execute(update(LiveAdapterRow).values(values))
        AuditLog(self._session).add(
            actor=by, action="adapter.promote", subject=f"adapter:{adapter_id}", detail=detail
        )

    def _row(self, adapter_id: str) -> AdapterRow:
        row = self._session.get(AdapterRow, adapter_id)
        if row is None:
            raise NotFoundError(f"there is no adapter {adapter_id!r}")
        return row


def mark_erased(session: Session, messages: Iterable[int]) -> tuple[str, ...]:
    """Mark the adapters that were trained on one of these messages; gives their ids by age."""
    gone = set(messages)
    query = select(AdapterRow).order_by(AdapterRow.created_at, AdapterRow.id)
    marked = [row for row in session.scalars(query) if not gone.isdisjoint(row.messages)]
    for row in marked:
        row.erased_since = row.erased_since or utc_now()
    session.flush()
    return tuple(row.id for row in marked)


def _adapter(row: AdapterRow, live_id: str | None) -> AdapterRecord:
    return AdapterRecord(
        id=row.id,
        created_at=row.created_at,
        base=row.base,
        data_fingerprint=row.data_fingerprint,
        metrics=row.metrics,
        outcome=row.outcome,
        live=row.id == live_id,
        promoted_at=row.promoted_at,
        erased_since=row.erased_since,
    )

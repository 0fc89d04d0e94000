"""Trained bundles, and the one row that says which of them is live."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from storage.audit import AuditLog
from storage.base import chunks, utc_now
from storage.errors import ConflictError, InputError, NotFoundError
from storage.models import BundleRow, LiveBundleRow
from storage.types import BundleRecord

OUTCOME_PROMOTED = "promoted"
OUTCOME_REFUSED = "refused"


class Bundles:
    """The bundles of one session; their files are in the home's `bundles/` folder."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def add(
        self,
        bundle_id: str,
        *,
        data_fingerprint: str,
        metrics: dict[str, Any],
        outcome: str,
        created_at: datetime | None = None,
    ) -> BundleRecord:
        """Register a bundle whose folder is complete; it is not live yet."""
        if self._session.get(BundleRow, bundle_id) is not None:
            raise ConflictError(f"bundle {bundle_id!r} is registered already")
        values = {
            "id": bundle_id,
            "data_fingerprint": data_fingerprint,
            "metrics": metrics,
            "outcome": outcome,
            "created_at": created_at or utc_now(),
        }
        self._session.execute(insert(BundleRow).values(values))
        return self.get(bundle_id)

    def get(self, bundle_id: str) -> BundleRecord:
        """The bundle of this id."""
        return _bundle(self._row(bundle_id), self.live_id())

    def live_id(self) -> str | None:
        """The id of the live bundle: one row, cheap enough to ask often."""
        return self._session.scalar(select(LiveBundleRow.bundle_id))

    def live(self) -> BundleRecord | None:
        """The live bundle, or None before the first promotion."""
        return self._found(self.live_id())

    def previous(self) -> BundleRecord | None:
        """The bundle that was live before the live one: what a rollback goes back to.

        After a rollback it is the one before that, so that rolling back twice goes back twice.
        """
        live_id = self.live_id()
        return None if live_id is None else self._found(self._row(live_id).supersedes)

    def to_roll_back_to(self) -> BundleRecord:
        """As `previous`, where there must be one."""
        previous = self.previous()
        if previous is None:
            raise ConflictError("expected an earlier live bundle to go back to, found none")
        return previous

    def roll_back(self, bundle_id: str, *, by: str) -> BundleRecord:
        """Go back to this bundle, which must still be the one that was live before."""
        live_id = self._session.scalar(select(LiveBundleRow.bundle_id).with_for_update())
        if self.to_roll_back_to().id != bundle_id:
            raise ConflictError(
                f"expected to go back from another bundle than {live_id!r}, "
                "which was promoted this moment; look at `kefu bundles list`"
            )
        self.promote(bundle_id, by=by, reason="rollback", override=True)
        return self.get(bundle_id)

    def promote(self, bundle_id: str, *, by: str, reason: str, override: bool = False) -> None:
        """Make a bundle the live one, and write down who did it and why.

        One that the gate refused needs `override`.
        """
        live_id = self._session.scalar(select(LiveBundleRow.bundle_id).with_for_update())
        row = self._row(bundle_id)
        _bundle(row, live_id).must_have_files()
        if row.outcome == OUTCOME_REFUSED and not override:
            raise ConflictError(
                f"the gate refused bundle {bundle_id!r}; to pass the gate, promote with --override"
            )
        now = utc_now()
        rolls_back = live_id is not None and self._row(live_id).supersedes == bundle_id
        if live_id != bundle_id and not rolls_back:
            row.supersedes = live_id
        row.outcome = OUTCOME_PROMOTED
        row.promoted_at = now
        self._session.flush()
        self._session.execute(update(LiveBundleRow).values(bundle_id=bundle_id, changed_at=now))
        AuditLog(self._session).add(
            actor=by,
            action="bundle.promote",
            subject=f"bundle:{bundle_id}",
            detail={"reason": reason, "override": override, "before": live_id},
        )

    def list(self) -> list[BundleRecord]:
        """Every bundle, the newest first."""
        live_id = self.live_id()
        query = select(BundleRow).order_by(BundleRow.created_at.desc(), BundleRow.id.desc())
        return [_bundle(row, live_id) for row in self._session.scalars(query)]

    def prune(self, keep: int, *, by: str) -> tuple[str, ...]:
        """Mark all but the newest `keep` bundles as removed; gives their ids, the newest first.

        The live one and the one that a rollback goes back to stay whatever their age. Rows stay
        too: messages and the audit log name them, and their figures are a history.
        """
        if keep < 0:
            raise InputError(f"expected to keep 0 bundles or more, found {keep}")
        # Whoever promotes waits until this is settled.
        self._session.scalar(select(LiveBundleRow.bundle_id).with_for_update())
        previous = self.previous()
        stay = {self.live_id(), previous.id if previous is not None else None}
        there = [each for each in self.list() if each.removed_at is None]
        gone = tuple(each.id for each in there[keep:] if each.id not in stay)
        for some in chunks(gone):
            marked = update(BundleRow).where(BundleRow.id.in_(some)).values(removed_at=utc_now())
            self._session.execute(marked)
        for bundle_id in gone:
            AuditLog(self._session).add(
                actor=by, action="bundle.remove", subject=f"bundle:{bundle_id}", detail={}
            )
        return gone

    def _row(self, bundle_id: str) -> BundleRow:
        row = self._session.get(BundleRow, bundle_id)
        if row is None:
            raise NotFoundError(f"there is no bundle {bundle_id!r}")
        return row

    def _found(self, bundle_id: str | None) -> BundleRecord | None:
        return None if bundle_id is None else self.get(bundle_id)


def _bundle(row: BundleRow, live_id: str | None) -> BundleRecord:
    return BundleRecord(
        id=row.id,
        created_at=row.created_at,
        data_fingerprint=row.data_fingerprint,
        metrics=row.metrics,
        outcome=row.outcome,
        live=row.id == live_id,
        promoted_at=row.promoted_at,
        erased_since=row.erased_since,
        removed_at=row.removed_at,
    )

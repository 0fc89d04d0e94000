"""Staff accounts and their tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from storage.base import utc_now
from storage.errors import ConflictError, InputError, NotFoundError
from storage.models import StaffRow, StaffTokenRow
from storage.types import Staff, StaffRole, StaffToken


class StaffAccounts:
    """The staff of one session; only hashes of passwords and tokens come here."""

    def __init__(self, session: Session) -> None:
        """Work within this session; whoever opened it commits."""
        self._session = session

    def add(self, name: str, password_hash: str, role: StaffRole) -> Staff:
        """Open an account; a removed one of this name is opened again, without its tokens."""
        if not name.strip():
            raise InputError("expected a name for the account, found none")
        row = self._by_name(name)
        if row is not None and row.active:
            raise ConflictError(f"there is an account {name!r} already; choose another name")
        if row is None:
            row = StaffRow(name=name, created_at=utc_now())
            self._session.add(row)
        row.password_hash = password_hash
        row.role = role.value
        row.active = True
        self._session.flush()
        return _staff(row)

    def of_channel(self, name: str) -> Staff | None:
        """The account of somebody whom a channel vouches for, opened at the first call.

        None if it was closed: whoever was removed does not come back by writing again. It has no
        password, so it cannot log in.
        """
        row = self._by_name(name)
        if row is None:
            return self.add(name, "", StaffRole.OPERATOR)
        return _staff(row) if row.active else None

    def get_by_name(self, name: str) -> Staff | None:
        """The active account of this name."""
        row = self._by_name(name)
        return _staff(row) if row is not None and row.active else None

    def password_hash(self, name: str) -> str | None:
        """The stored hash of an active account's password."""
        row = self._by_name(name)
        return row.password_hash if row is not None and row.active else None

    def remove(self, name: str) -> None:
        """Close an account: it is deactivated, and its tokens are deleted."""
        row = self._by_name(name)
        if row is None or not row.active:
            raise NotFoundError(f"there is no account {name!r}")
        row.active = False
        self._session.execute(delete(StaffTokenRow).where(StaffTokenRow.staff_id == row.id))
        self._session.flush()

    def add_token(
        self, staff_id: int, token_hash: str, label: str, expires_at: datetime | None
    ) -> StaffToken:
        """Let the bearer of a token act as this member of staff, until it expires."""
        row = self._session.get(StaffRow, staff_id)
        if row is None or not row.active:
            raise NotFoundError(f"there is no active staff account {staff_id}")
        values = {
            "staff_id": staff_id,
            "token_hash": token_hash,
            "label": label,
            "expires_at": expires_at,
            "created_at": utc_now(),
        }
        token_id = self._session.scalar(
            insert(StaffTokenRow).values(values).returning(StaffTokenRow.id)
        )
        return _token(self._session.get_one(StaffTokenRow, token_id))

    def by_token(self, token_hash: str) -> Staff | None:
        """Who bears this token, if the account is active and the token has not expired."""
        query = (
            select(StaffRow, StaffTokenRow.expires_at)
            .join(StaffTokenRow, StaffTokenRow.staff_id == StaffRow.id)
            .where(StaffTokenRow.token_hash == token_hash, StaffRow.active)
        )
        found = self._session.execute(query).one_or_none()
        if found is None or (found.expires_at is not None and found.expires_at <= utc_now()):
            return None
        return _staff(found.StaffRow)

    def revoke_token(self, token_hash: str) -> bool:
        """Make a token worthless, e.g. at log-out; False if it was so already."""
        revoked = delete(StaffTokenRow).where(StaffTokenRow.token_hash == token_hash)
        return self._session.scalar(revoked.returning(StaffTokenRow.id)) is not None

    def revoke_token_by_id(self, token_id: int) -> bool:
        """As `revoke_token`, for somebody who sees the list but not the secret."""
        revoked = delete(StaffTokenRow).where(StaffTokenRow.id == token_id)
        return self._session.scalar(revoked.returning(StaffTokenRow.id)) is not None

    def list_tokens(self, staff_id: int) -> list[StaffToken]:
        """The tokens of a member of staff, oldest first, expired ones included."""
        query = (
            select(StaffTokenRow)
            .where(StaffTokenRow.staff_id == staff_id)
            .order_by(StaffTokenRow.id)
        )
        return [_token(row) for row in self._session.scalars(query)]

    def list(self) -> list[Staff]:
        """The active accounts, by name."""
        query = select(StaffRow).where(StaffRow.active).order_by(StaffRow.name)
        return [_staff(row) for row in self._session.scalars(query)]

    def _by_name(self, name: str) -> StaffRow | None:
        return self._session.scalar(select(StaffRow).where(StaffRow.name == name))


def _staff(row: StaffRow) -> Staff:
    return Staff(
        id=row.id,
        name=row.name,
        role=StaffRole(row.role),
        active=row.active,
        created_at=row.created_at,
    )


def _token(row: StaffTokenRow) -> StaffToken:
    return StaffToken(
        id=row.id,
        staff_id=row.staff_id,
        label=row.label,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )

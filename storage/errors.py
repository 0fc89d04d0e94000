"""The tree of errors that Kefu raises on purpose.

    KefuError
    ├── InputError              400  what was given cannot be used
    ├── UnauthorizedError       401  who asks is not known
    ├── PermissionDeniedError   403  who asks may not do this
    ├── NotFoundError           404  there is no such thing
    ├── ConflictError           409  the state of things forbids it
    │   └── EpochMovedError     409  the conversation changed hands meanwhile
    └── StorageError            503  the database cannot do it now

Other rooms add theirs below these in their own `errors.py`.
"""

from __future__ import annotations

from typing import ClassVar


class KefuError(Exception):
    """Root of every error that Kefu raises on purpose; its text is one line for a person."""

    status_code: ClassVar[int] = 500
    code: ClassVar[str] = "error"


class InputError(KefuError):
    """What was given cannot be used."""

    status_code = 400
    code = "bad_input"


class UnauthorizedError(KefuError):
    """Who asks is not known: no token, or a wrong one."""

    status_code = 401
    code = "unauthorized"


class PermissionDeniedError(KefuError):
    """Who asks is known and may not do this."""

    status_code = 403
    code = "permission_denied"


class NotFoundError(KefuError):
    """There is no such thing."""

    status_code = 404
    code = "not_found"


class ConflictError(KefuError):
    """The present state of things forbids it; reading again shows why."""

    status_code = 409
    code = "conflict"


class EpochMovedError(ConflictError):
    """The conversation changed hands while a reply was being prepared, so it must not be sent."""

    code = "epoch_moved"


class StorageError(KefuError):
    """The database cannot do it now: it is busy, full, read-only or out of reach."""

    status_code = 503
    code = "storage_unavailable"

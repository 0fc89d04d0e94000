from __future__ import annotations

import pytest


@pytest.fixture
def session(database):
    with database.session() as session:
        yield session

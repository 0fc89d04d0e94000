from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("kefu", deadline=None)  # a busy machine is no failure
settings.load_profile("kefu")


@pytest.fixture
def session(database):
    with database.session() as session:
        yield session

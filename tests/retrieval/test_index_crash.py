"""Kill -9 while the index is changed, built and saved: the next one equals the database."""

from __future__ import annotations

from benchmarks.index_crash import OPERATIONS, crash, prepare

KILLS = 20


def test_the_index_equals_the_database_after_every_kill(tmp_path):
    prepare(tmp_path)
    found = crash(tmp_path, KILLS)
    assert found.different == ()
    assert found.kills == dict.fromkeys(OPERATIONS, KILLS // len(OPERATIONS))
    # Once a cache was saved, no kill may take it away.
    assert found.rebuilt < KILLS // 2

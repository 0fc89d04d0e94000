from __future__ import annotations

import threading

import pytest

from retrieval.cache import noted, save_cache, whole_caches


def write(text: str):
    return lambda folder: (folder / "part").write_text(text)


def test_nothing_saved_is_nothing_found(tmp_path):
    assert list(whole_caches(tmp_path / "none")) == []
    assert noted(tmp_path / "none") is None


def test_the_newest_saving_counts_and_older_ones_go(tmp_path):
    for turn in range(3):
        save_cache(tmp_path, {"turn": turn}, write(f"text {turn}"))
    ((folder, facts),) = whole_caches(tmp_path)
    assert facts["turn"] == 2
    assert (folder / "part").read_text() == "text 2"
    assert noted(tmp_path)["turn"] == 2


def test_a_saving_that_fails_leaves_the_one_before(tmp_path):
    save_cache(tmp_path, {"turn": 0}, write("whole"))

    def fail(folder):
        (folder / "part").write_text("half")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        save_cache(tmp_path, {"turn": 1}, fail)
    ((folder, facts),) = whole_caches(tmp_path)
    assert facts["turn"] == 0
    save_cache(tmp_path, {"turn": 2}, write("next"))
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1


def test_a_changed_file_is_not_whole(tmp_path):
    save_cache(tmp_path, {}, write("whole"))
    ((folder, _),) = whole_caches(tmp_path)
    (folder / "part").write_text("hole")
    assert list(whole_caches(tmp_path)) == []


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"files": 3}', '{"files": {"gone": "0"}}'])
def test_a_manifest_that_says_nothing_is_no_error(tmp_path, manifest):
    (tmp_path / "000001-a").mkdir()
    (tmp_path / "000001-a" / "manifest.json").write_text(manifest)
    assert list(whole_caches(tmp_path)) == []


def test_those_who_save_at_once_take_turns(tmp_path):
    threads = [
        threading.Thread(target=save_cache, args=(tmp_path, {"by": n}, write("x" * n)))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ((folder, facts),) = whole_caches(tmp_path)
    assert len((folder / "part").read_text()) == facts["by"]
    assert folder.name.startswith("000008-")

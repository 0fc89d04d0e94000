"""Clearing up: what goes, what stays, and what a crash in the middle leaves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from finetune.errors import BundleDamagedError
from finetune.leftovers import prune, sweep
from finetune.manifest import verify_for_serving, write_manifest
from storage.bundles import Bundles


@dataclass(frozen=True)
class Home:
    root: Path

    @property
    def bundles_dir(self) -> Path:
        return self.root / "bundles"

    @property
    def encoders_dir(self) -> Path:
        return self.root / "encoders"

    @property
    def indexes_dir(self) -> Path:
        return self.root / "indexes"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def folder(parent, name, **files):
    path = parent / name
    path.mkdir(parents=True)
    for file, text in files.items():
        (path / f"{file}.json").write_text(text, encoding="utf-8")
    return path


def bundle(home, name, encoder, *, embedded=True):
    """A bundle's folder, and the encoder and cache that it names."""
    uses = {"source": encoder, "embedded": embedded, "fingerprint": encoder}
    text = json.dumps({"encoder": uses, "index": f"{encoder}-words"})
    write_manifest(folder(home.bundles_dir, name, bundle=text))
    for parent, used in ((home.encoders_dir, encoder), (home.indexes_dir, f"{encoder}-words")):
        if not (parent / used).exists():
            folder(parent, used, modules="[]")


def names(parent):
    return sorted(path.name for path in parent.iterdir())


@pytest.fixture
def past(home, sqlite_database):
    """Four bundles, each promoted after the other; the last two share an encoder."""
    for name, encoder in (("b1", "e1"), ("b2", "e2"), ("b3", "e3"), ("b4", "e3")):
        bundle(home, name, encoder)
        with sqlite_database.session() as session:
            Bundles(session).add(name, data_fingerprint="f", metrics={}, outcome="trained")
            Bundles(session).promote(name, by="ann", reason="better")
    return sqlite_database


def test_what_only_removed_bundles_used_goes_with_them(home, past):
    pruned = prune(home, past, 0, by="ann")
    assert pruned.bundles == ("b1", "b2")
    assert pruned.encoders == ("e1", "e2")
    assert pruned.indexes == ("e1-words", "e2-words")
    assert pruned.freed > 0
    assert names(home.bundles_dir) == ["b3", "b4"]
    assert names(home.encoders_dir) == ["e3"]
    assert names(home.indexes_dir) == ["e3-words"]
    for kept in ("b3", "b4"):
        verify_for_serving(home.bundles_dir / kept, home.encoders_dir)
    assert prune(home, past, 0, by="ann").freed == 0


def test_an_encoder_stays_as_long_as_a_bundle_needs_it(home, past):
    assert prune(home, past, 3, by="ann").encoders == ("e1",)


def test_what_nobody_registered_goes_and_a_cache_that_is_being_saved_stays(home, past):
    folder(home.bundles_dir, ".b5.new")
    folder(home.bundles_dir, "b5")
    folder(home.encoders_dir, ".e5.new")
    folder(home.indexes_dir, "e3-words.new")
    pruned = prune(home, past, 10, by="ann")
    assert (pruned.bundles, pruned.encoders, pruned.indexes) == (
        (".b5.new", "b5"),
        (".e5.new",),
        (),
    )


def test_a_crash_after_the_rows_were_marked_is_made_up_for(home, past):
    with past.session() as session:
        assert Bundles(session).prune(0, by="ann") == ("b2", "b1")
    assert names(home.bundles_dir) == ["b1", "b2", "b3", "b4"]
    assert prune(home, past, 10, by="ann").bundles == ("b1", "b2")


def test_where_a_kept_bundle_cannot_say_what_it_needs_nothing_shared_goes(home, past):
    (home.bundles_dir / "b3" / "bundle.json").write_text("{", encoding="utf-8")
    pruned = prune(home, past, 0, by="ann")
    assert (pruned.bundles, pruned.encoders, pruned.indexes) == (("b1", "b2"), (), ())


def test_sweeping_removes_halves_and_nothing_else(home, past):
    folder(home.bundles_dir, ".b5.new")
    folder(home.encoders_dir, ".e5.new")
    sweep(home)
    assert names(home.bundles_dir) == ["b1", "b2", "b3", "b4"]
    assert names(home.encoders_dir) == ["e1", "e2", "e3"]
    sweep(Home(home.root / "empty"))


def test_a_bundle_without_its_encoder_is_not_for_serving(home):
    bundle(home, "b1", "e1")
    (home.encoders_dir / "e1" / "modules.json").unlink()
    with pytest.raises(BundleDamagedError, match="search encoder e1 is not in the home"):
        verify_for_serving(home.bundles_dir / "b1", home.encoders_dir)


def test_an_encoder_that_is_loaded_by_name_lies_in_no_folder(home):
    bundle(home, "b1", "BAAI", embedded=False)
    (home.encoders_dir / "BAAI" / "modules.json").unlink()
    verify_for_serving(home.bundles_dir / "b1", home.encoders_dir)


@pytest.mark.parametrize("text", ["{", "[]", '{"encoder": 1}', '{"encoder": {"source": "x"}}'])
def test_a_description_that_makes_no_sense_is_damage(home, text):
    write_manifest(folder(home.bundles_dir, "b1", bundle=text))
    with pytest.raises(BundleDamagedError, match="b1"):
        verify_for_serving(home.bundles_dir / "b1", home.encoders_dir)

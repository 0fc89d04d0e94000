"""Templates: permanent ids, revisions, who may override whom, wordings."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from storage.errors import NotFoundError
from storage.models import TemplateRevisionRow, TemplateRow, TemplateTextRow
from storage.normalise import text_key
from storage.templates import Templates
from storage.types import TemplateDraft


def draft(text="三天内到账。", name="refund", **values):
    return TemplateDraft(name, {"zh": (text,), "en": ("Within 3 days.",)}, **values)


@pytest.fixture
def templates(database):
    with database.session() as session:
        yield Templates(session)


def test_a_template_is_stored_whole(templates):
    saved = templates.save(
        draft(slots=("order",), action="refund", protected=True, origin="discovery"), editor="shop"
    )
    assert (saved.revision, saved.slots, saved.action) == (1, ("order",), "refund")
    assert (saved.protected, saved.origin, saved.retired) == (True, "discovery", False)
    assert saved.texts == {"zh": ("三天内到账。",), "en": ("Within 3 days.",)}
    assert templates.get(saved.id) == templates.by_name("refund") == saved
    assert templates.all() == [saved]


def test_unknown_templates(templates):
    assert templates.by_name("nothing") is None
    for ask in (templates.get, templates.retire, lambda n: templates.add_variant(n, "k")):
        with pytest.raises(NotFoundError, match="no template 9"):
            ask(9)
    with pytest.raises(NotFoundError, match="no revision 1"):
        templates.revision_text(9, 1)


def test_saving_the_same_changes_nothing(templates):
    first = templates.save(draft(), editor="shop")
    assert templates.save(draft(), editor="shop") == first


def test_a_change_is_a_revision_and_the_old_wording_stays_readable(templates):
    first = templates.save(draft(), editor="shop")
    second = templates.save(draft("五天内到账。"), editor="shop")
    assert (second.id, second.revision) == (first.id, 2)
    assert templates.revision_text(first.id, 1) == first.texts
    assert templates.revision_text(first.id, 2) == second.texts


@pytest.mark.parametrize(
    ("holder", "editor", "wins"),
    [
        ("shop", "shop", True),
        ("discovery", "shop", True),
        ("shop", "discovery", False),
        ("ann", "shop", False),
        ("ann", "discovery", False),
        ("ann", "bob", True),
        ("shop", "ann", True),
    ],
)
def test_an_edit_made_in_the_product_wins_over_files(templates, holder, editor, wins):
    first = templates.save(draft("旧"), editor=holder)
    second = templates.save(draft("新"), editor=editor)
    assert second.texts["zh"] == (("新",) if wins else ("旧",))
    assert second.revision == (2 if wins else 1)
    assert second.id == first.id


def test_a_retired_template_keeps_its_id_and_comes_back_under_it(templates):
    first = templates.save(draft(), editor="shop")
    templates.retire(first.id, editor="shop")
    assert templates.all() == []
    assert [t.retired for t in templates.all(include_retired=True)] == [True]
    back = templates.save(draft(), editor="shop")
    assert back == first


def test_what_staff_retired_stays_retired_at_the_next_import(templates):
    first = templates.save(draft(), editor="shop")
    templates.retire(first.id)
    assert templates.save(draft("新"), editor="shop").retired
    assert not templates.save(draft("新"), editor="ann").retired


def test_the_id_of_a_deleted_template_is_never_given_again(database):
    with database.session() as session:
        gone = Templates(session).save(draft(), editor="shop").id
    with database.session() as session:
        for row in (TemplateTextRow, TemplateRevisionRow, TemplateRow):
            session.execute(delete(row))
    with database.session() as session:
        assert Templates(session).save(draft(name="other"), editor="shop").id > gone


def test_a_template_is_found_by_each_of_its_wordings_old_ones_too(templates):
    saved = templates.save(draft("三天内到账。"), editor="shop")
    templates.save(draft("五天内到账。"), editor="shop")
    for text in ("三天内到账。", "五天内到账。", "Within  3 days.", "Ｗithin 3 days."):
        assert templates.find_by_text(text_key(text)) == saved.id
    assert templates.find_by_text(text_key("四天内到账。")) is None


def test_a_variant_stands_for_one_template(templates):
    refund = templates.save(draft(), editor="shop")
    other = templates.save(draft("别的", name="other"), editor="shop")
    key = text_key("款项三天到。")
    assert templates.add_variant(refund.id, key)
    assert templates.add_variant(refund.id, key)
    assert not templates.add_variant(other.id, key)
    assert templates.find_by_text(key) == refund.id


def test_the_wordings_of_a_retired_template_may_move(templates):
    old = templates.save(draft(), editor="shop")
    key = text_key("款项三天到。")
    templates.add_variant(old.id, key)
    templates.retire(old.id)
    assert templates.find_by_text(key) == old.id
    new = templates.save(draft("新", name="new"), editor="shop")
    assert templates.add_variant(new.id, key)
    assert templates.find_by_text(key) == new.id


def test_many_variants_at_once(templates):
    saved = templates.save(draft(), editor="shop")
    keys = {f"{n:064d}": saved.id for n in range(1200)}
    assert templates.add_variants(keys) == 1200
    assert templates.add_variants({}) == 0
    assert templates.find_by_texts([*keys, "unknown"]) == keys


def test_the_stamp_moves_with_every_change(templates):
    stamps = [templates.stamp()]
    saved = templates.save(draft(), editor="shop")
    stamps.append(templates.stamp())
    templates.save(draft("新"), editor="shop")
    stamps.append(templates.stamp())
    templates.retire(saved.id, editor="shop")
    stamps.append(templates.stamp())
    templates.save(draft("新"), editor="shop")
    stamps.append(templates.stamp())
    assert len(set(stamps)) == 5
    templates.save(draft("新"), editor="shop")
    assert templates.stamp() == stamps[-1]

"""Where a reply is from, as its own customer may see it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date

import pytest

from bot.citing import AROUND
from storage.knowledge import Knowledge
from storage.types import Labels, NewPassage

QUESTION = "periscope rental hours"
CITED = "Periscope rental hours are nine to five."


@contextmanager
def document(admin, text, name="periscopes.md"):
    admin.put("/api/admin/knowledge", json={"name": name, "text": text}).raise_for_status()
    yield lambda new: admin.put("/api/admin/knowledge", json={"name": name, "text": new})
    admin.delete(f"/api/admin/knowledge/{name}")


def place_of(customer, reply, n=1):
    path = f"{customer.path}/messages/{reply['message']}/citations/{n}"
    return customer.http.get(path, headers=customer.headers)


def cited(place):
    return place["text"][place["start"] : place["end"]]


def test_a_citation_opens_at_its_place(customer, admin):
    around = (
        "# Periscopes 🎈\n\n## Care\n\nKeep it dry.\n\n## Rental\n\n{}\n\n## Sale\n\nNone left."
    )
    text = around.format(CITED)
    with document(admin, text):
        response = place_of(customer, customer.ask(QUESTION))
    place = response.json()
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert (place["title"], place["heading"]) == ("Periscopes 🎈", "Rental")
    assert cited(place) == CITED
    assert "Keep it dry." in place["text"]
    assert "None left." in place["text"]
    assert not place["changed"]
    assert not place["more_before"]
    assert not place["more_after"]


def test_only_the_text_around_is_given(customer, admin):
    far = "\n\n".join(f"## Part {n}\n\nLine {n} of something else entirely." for n in range(200))
    with document(admin, f"# All\n\nSECRET\n\n{far}\n\n## Rental\n\n{CITED}\n\n{far}\n\nSECRET"):
        place = place_of(customer, customer.ask(QUESTION)).json()
    assert cited(place) == CITED
    assert len(place["text"]) <= len(CITED) + 2 * AROUND
    assert "SECRET" not in place["text"]
    assert (place["more_before"], place["more_after"]) == (True, True)


def test_words_that_moved_are_found_again(customer, admin):
    with document(admin, f"# A\n\n## Rental\n\n{CITED}") as change:
        reply = customer.ask(QUESTION)
        change(f"# A\n\n## News\n\nWe moved to the harbour.\n\n## Rental\n\n{CITED}")
        place = place_of(customer, reply).json()
    assert cited(place) == CITED
    assert "harbour" in place["text"]
    assert not place["changed"]


def test_words_that_are_gone_are_shown_as_they_were(customer, admin):
    with document(admin, f"# Periscopes\n\n## Rental\n\n{CITED}") as change:
        reply = customer.ask(QUESTION)
        change("# Periscopes\n\n## Rental\n\nNo more rental, and a secret.")
        changed = place_of(customer, reply).json()
    gone = place_of(customer, reply).json()
    for place, title in ((changed, "Periscopes"), (gone, "periscopes.md")):
        assert place == {
            "title": title, "heading": "Rental", "text": CITED, "start": 0, "end": len(CITED),
            "changed": True, "more_before": False, "more_after": False,
        }  # fmt: skip


def test_what_is_not_valid_today_is_left_out(customer, server, admin):
    parts = ["Old prices.", "Keep it dry.", CITED, "Bring it back.", "Next year: half price."]
    old, future = Labels((), None, date(2020, 1, 1)), Labels((), date(2999, 1, 1), None)
    labels = [old, Labels(), Labels(), Labels(), future]
    passages, text = [], ""
    for part, label in zip(parts, labels, strict=True):
        text += f"About {len(passages)}\n"
        start = len(text)
        text += f"{part}\n"
        passages.append(NewPassage(part, "", start, start + len(part), "en", labels=label))
    server.run(
        server.services.work.run(
            lambda session: Knowledge(session).put_document(
                "dated.md", "Dated", "dated", "en", "document", text, passages
            )
        )
    )
    place = place_of(customer, customer.ask(QUESTION)).json()
    admin.delete("/api/admin/knowledge/dated.md")
    assert cited(place) == CITED
    shown = "About 1\nKeep it dry.\nAbout 2\n" + CITED + "\nAbout 3\nBring it back."
    assert place["text"].strip() == shown


def test_nobody_sees_more_than_their_own_replies_cite(customer, other):
    reply = customer.ask("耳机保修期为多久")
    path = f"/messages/{reply['message']}/citations/1"
    get = customer.http.get
    assert get(customer.path + path).status_code == 401
    assert get(customer.path + path, headers=other.headers).status_code == 403
    assert get(other.path + path, headers=other.headers).status_code == 404
    assert place_of(customer, reply, 2).status_code == 404
    assert place_of(customer, {"message": reply["message"] - 1}).status_code == 404
    assert place_of(customer, {"message": 10**12}).status_code == 404


@pytest.mark.parametrize(("message", "n"), [("x", "1"), ("1", "0"), ("1", "x"), ("-1", "1")])
def test_numbers_that_are_none_are_refused(customer, message, n):
    assert place_of(customer, {"message": message}, n).status_code == 422

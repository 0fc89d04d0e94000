"""What a stored message looks like on Telegram."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.formatting import button_data, clean, keyboard, pieces, sources, split, units
from storage.types import Citation, Message, QuickReply, Role


def message(text, *, citations=(), quick_replies=()):
    return Message(
        id=17,
        conversation_id="c",
        seq=2,
        role=Role.BOT,
        text=text,
        masked_text=text,
        language="zh",
        created_at=datetime.now(UTC),
        citations=citations,
        quick_replies=quick_replies,
    )


def cited(n, document, heading):
    return Citation(n, "evidence", document, heading, 0, 8)


def test_a_short_text_is_one_piece():
    assert split("好的。") == ["好的。"]


@pytest.mark.parametrize("text", ["", "  \n ", "\x07"])
def test_nothing_to_say_is_no_piece(text):
    assert pieces(message(text)) == []


def test_a_long_text_is_cut_between_sentences():
    assert split("One two. Three four. Five six.", 21) == ["One two. Three four.", "Five six."]
    assert split("一二三。四五六。七八九。", 9) == ["一二三。四五六。", "七八九。"]


def test_a_long_sentence_is_cut_between_words():
    assert split("aaaa bbbb cccc", 10) == ["aaaa bbbb", "cccc"]


def test_an_endless_word_is_cut_but_no_character_is():
    assert split("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert split("😀" * 6, 5) == ["😀" * 2] * 3
    family = "👨\u200d👩\u200d👧"
    assert split(family + family, units(family) + 3) == [family, family]
    accents = "e\u0301" * 4
    assert split(accents, 3) == ["e\u0301"] * 4


@given(st.text(max_size=300), st.integers(min_value=2, max_value=40))
def test_pieces_fit_and_nothing_but_white_space_is_lost(text, limit):
    text = clean(text)
    found = split(text, limit)
    assert all(piece.strip() == piece and 1 <= units(piece) <= limit for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_control_characters_and_lone_surrogates_are_left_out():
    assert clean("a\x00b\x1bc\nd\te") == "abc\nd\te"
    assert clean("x\ud83dy").isprintable()


def test_sources_stand_below_the_text():
    said = message(
        "水垢用白醋去除。[1] 每三个月一次。[2]",
        citations=(cited(1, "水壶保养", "水垢 > 步骤"), cited(2, "FAQ", "")),
    )
    assert pieces(said) == [
        "水垢用白醋去除。[1] 每三个月一次。[2]\n\n[1] 水壶保养 › 水垢 › 步骤\n[2] FAQ"
    ]


def test_a_heading_that_repeats_the_title_is_named_once():
    assert sources([cited(1, "FAQ", "FAQ > Delivery")]) == "[1] FAQ › Delivery"


def test_a_line_break_in_a_heading_does_not_break_the_line():
    assert "\n" not in sources([cited(1, "a\nb", "c\nd")])


def test_quick_replies_become_buttons_below_each_other():
    markup = keyboard(message("?", quick_replies=(QuickReply("怎么退款", "intent:" + "x" * 100),
                                                  QuickReply("\x07 ", "empty"),
                                                  QuickReply("都不是", "none"))))  # fmt: skip
    rows = [[(b.text, b.callback_data) for b in row] for row in markup.inline_keyboard]
    assert rows == [[("怎么退款", "17:0")], [("都不是", "17:2")]]


def test_no_quick_replies_are_no_keyboard():
    assert keyboard(message("!")) is None


def test_button_data_fits_for_any_row_id():
    assert len(button_data(2**63 - 1, 99)) <= 64

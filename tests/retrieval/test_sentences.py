import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.sentences import split_sentences


def sentences(text):
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好。请问怎么退？谢谢！", ["你好。", "请问怎么退？", "谢谢！"]),
        ("退款需要3天；换货需要5天。", ["退款需要3天；", "换货需要5天。"]),
        ("It is late. Where is it? Help!", ["It is late.", "Where is it?", "Help!"]),
        ("他说：“好的。”然后走了", ["他说：“好的。”", "然后走了"]),
        ("运费12.5元。满99.00包邮", ["运费12.5元。", "满99.00包邮"]),
        ("It costs $3.99 now. OK", ["It costs $3.99 now.", "OK"]),
        ("版本v1.2.3已发布。", ["版本v1.2.3已发布。"]),
        ("See https://a.cn/x?y=1.5&z! Then go.", ["See https://a.cn/x?y=1.5&z!", "Then go."]),
        ("请看https://a.cn/b?c=1。再来", ["请看https://a.cn/b?c=1。", "再来"]),
        (
            "Dr. Smith asked, e.g. about No. 5. Fine.",
            ["Dr. Smith asked, e.g. about No. 5.", "Fine."],
        ),
        ("Shoes, bags etc. are free. Bye.", ["Shoes, bags etc. are free.", "Bye."]),
        ("1. 先申请\n2. 再寄回", ["1. 先申请", "2. 再寄回"]),
        ("- one\n- two", ["- one", "- two"]),
        ("尺码: M。 | 胸围: 96。", ["尺码: M。 | 胸围: 96。"]),
        ("| a. b | c! d |\n|---|---|", ["| a. b | c! d |", "|---|---|"]),
        ("真的吗？？！好", ["真的吗？？！", "好"]),
        ("怎么退?我要退款", ["怎么退?", "我要退款"]),
        ("已收到.请等待", ["已收到.", "请等待"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_where_sentences_end(text, expected):
    assert sentences(text) == expected


@given(st.text(alphabet='ab1 。！.!?;；\n|:/http你好“”"', max_size=120) | st.text(max_size=80))
def test_nothing_but_white_space_is_left_out(text):
    spans = split_sentences(text)
    position = 0
    for start, end in spans:
        assert position <= start < end
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()


@pytest.mark.parametrize("piece", ["x", "a.", "1. ", "。", "http://a.", "“", "e.g. ", ". "])
def test_long_input_takes_no_more_than_its_share(piece):
    began = time.perf_counter()
    split_sentences(piece * 20_000)
    assert time.perf_counter() - began < 3

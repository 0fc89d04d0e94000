import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lexicon import Lexicon
from retrieval.normalise import normalise_text
from retrieval.stemming import singular, stem
from retrieval.text import Analyser


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser(Lexicon.from_package())


def test_question_and_function_words_are_left_out(analyser):
    assert analyser.tokens("我的订单什么时候发货？") == ["订单", "发货"]
    assert analyser.tokens("When will you ship my order, please?") == ["ship", "order"]


@pytest.mark.parametrize("query", ["怎么办", "how is it", "什么", "我 的", "what"])
def test_a_query_of_function_words_alone_keeps_them(analyser, query):
    assert analyser.tokens(query)


def test_text_without_words_has_no_tokens(analyser):
    assert analyser.tokens("") == []
    assert analyser.tokens(" ?! 。。 \n") == []


@pytest.mark.parametrize("word", ["安全", "健康", "食品"])
def test_a_short_word_is_found_inside_a_longer_one(analyser, word):
    assert set(analyser.tokens(word)) <= set(analyser.tokens("食品安全健康保障"))


@pytest.mark.parametrize(
    "query",
    ["传感器-温度-TH01", "传感器", "温度", "TH01", "th01", "传感器-温度-th01", "ＴＨ０１"],
)
def test_a_code_is_found_whole_and_by_its_parts(analyser, query):
    stored = set(analyser.tokens("请安装传感器-温度-TH01到冷库"))
    assert stored & set(analyser.tokens(query))


def test_the_whole_code_is_a_token_whatever_is_written_next_to_it(analyser):
    for text in ("传感器-温度-TH01", "我要传感器-温度-TH01多少钱", "TH01配传感器-温度-TH01吗"):
        assert "传感器-温度-th01" in analyser.tokens(text)


def test_different_codes_share_no_whole_token(analyser):
    whole = "传感器-温度-th02"
    assert whole not in analyser.tokens("传感器-温度-TH01")


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("SF1234567到哪了", "sf1234567"),
        ("退12.5元", "12.5"),
        ("order #A-1024", "a-1024"),
        ("wi-fi", "wifi"),
        ("e-mail", "email"),
        ("iPhone15", "iphone"),
        ("2024-01-05", "2024-01-05"),
    ],
)
def test_codes_and_numbers_stay_whole(analyser, text, token):
    assert token in analyser.tokens(text)


def test_a_decimal_is_not_its_digits(analyser):
    assert "12" not in analyser.tokens("12.5")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("refunds", "refund"),
        ("cancelled", "cancel"),
        ("cancelling", "cancels"),
        ("shipped", "shipping"),
        ("deliveries", "delivery"),
        ("exchanged", "exchange"),
        ("charges", "charging"),
        ("boxes", "box"),
        ("addresses", "address"),
        ("applied", "apply"),
        ("customer’s", "customers"),
        ("退貨", "退货"),
        ("Ｒｅｆｕｎｄ", "refund"),
    ],
)
def test_forms_of_one_word_are_one_token(analyser, one, other):
    assert analyser.tokens(one) == analyser.tokens(other)


@pytest.mark.parametrize("word", ["address", "status", "news", "string", "need", "this", "gas"])
def test_stemming_leaves_words_alone_that_only_look_inflected(word):
    assert stem(word) == word


def test_singular_keeps_words_on_ss_and_us():
    assert [singular(word) for word in ("express", "bonus", "fees", "ties", "ios")] == [
        "express", "bonus", "fee", "tie", "ios",
    ]  # fmt: skip


def test_traditional_and_simplified_are_one_text(analyser):
    assert analyser.normalise("請問後面的髮夾能退貨嗎") == "请问后面的发夹能退货吗"
    assert analyser.tokens("我要退貨") == analyser.tokens("我要退货")


def test_simplified_text_is_not_converted():
    assert normalise_text("显著的著名品牌") == "显著的著名品牌"


def test_masks_of_personal_data_are_no_concepts(analyser):
    assert analyser.concepts("<phone> <email> <bank_card> <address>") == []
    assert analyser.concepts("退款到<bank_card>") == ["#refund"]


def test_concepts_join_the_languages(analyser):
    assert analyser.concepts("我要退款") == analyser.concepts("I want my money back") == ["#refund"]


def test_fingerprint_follows_the_lexicon(analyser, tmp_path):
    synonyms = tmp_path / "synonyms.toml"
    synonyms.write_text('[[group]]\nname = "tea"\nwords = ["龙井"]\n', encoding="utf-8")
    other = Analyser(Lexicon.from_package().with_synonyms(synonyms))
    assert other.fingerprint != analyser.fingerprint
    assert Analyser(Lexicon.from_package()).fingerprint == analyser.fingerprint


@given(st.text(max_size=200))
def test_any_text_is_cut_without_error_and_alike_each_time(text):
    analyser = Analyser(Lexicon.empty())
    tokens = analyser.tokens(text)
    assert tokens == analyser.tokens(text)
    assert all(token and token == token.strip() for token in tokens)


def test_threads_get_the_same_tokens(analyser):
    texts = [f"我的订单 SF{n} 什么時候到? where is order {n}" for n in range(200)]
    expected = [analyser.tokens(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(analyser.tokens, texts)) == expected


@pytest.mark.parametrize("piece", ["請問退貨", "x", "a-", "退款", "a1-", "传感器-", "'", "can't "])
def test_long_input_takes_no_more_than_its_share(analyser, piece):
    analyser.tokens("請問")
    began = time.perf_counter()
    analyser.tokens(piece * 10_000)
    analyser.concepts(piece * 10_000)
    assert time.perf_counter() - began < 5

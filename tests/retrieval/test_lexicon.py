import csv
import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import retrieval
from retrieval.errors import LexiconError
from retrieval.lexicon import Lexicon
from retrieval.normalise import normalise_text

DATA = Path(retrieval.__file__).parent / "data" / "lexicon"
PAIRS = Path(__file__).parent / "contrasts.csv"

# (a text with the first concept, a text with the second): neither may have the other's.
CONTRASTS = [
    ("我要退款", "refund", "我要退货", "return_goods"),
    ("我要退货", "return_goods", "我要换货", "exchange_goods"),
    ("我要退款", "refund", "我要换货", "exchange_goods"),
    ("I want a refund", "refund", "I want to return it", "return_goods"),
    ("return it", "return_goods", "exchange it", "exchange_goods"),
    ("取消订单", "cancel", "修改订单", "modify"),
    ("cancel my order", "cancel", "change my order", "modify"),
    ("why was my card charged", "deducted", "charge my phone", "charge_device"),
    ("you charged my card twice", "deducted", "the charger is broken", "charge_device"),
    ("怎么充值", "top_up", "怎么充电", "charge_device"),
    ("什么时候发货", "ship", "怎么确认收货", "receive"),
    ("has it shipped", "ship", "I received it", "receive"),
    ("我收到了", "receive", "我没收到", "not_received"),
    ("I received my parcel", "receive", "I have not received my parcel", "not_received"),
    ("开发票", "invoice", "要收据", "receipt"),
    ("I need an invoice", "invoice", "I need a receipt", "receipt"),
    ("忘记密码", "password", "收不到验证码", "verification_code"),
    ("reset my password", "password", "change my pin", "pin_code"),
    ("登录不了", "log_in", "怎么注册", "register"),
    ("怎么注册", "register", "怎么注销", "close_account"),
    ("sign up", "register", "sign in", "log_in"),
    ("提现", "withdraw_cash", "转账", "transfer"),
    ("充值失败", "top_up", "提现失败", "withdraw_cash"),
    ("汇率多少", "exchange_rate", "手续费多少", "fee"),
    ("exchange rate", "exchange_rate", "exchange this shirt", "exchange_goods"),
    ("有货吗", "stock", "缺货", "out_of_stock"),
    ("什么时候补货", "restock", "什么时候发货", "ship"),
    ("预售商品", "preorder", "现货商品", "stock"),
    ("优惠券", "coupon", "礼品卡", "gift_card"),
    ("promo code", "coupon", "verification code", "verification_code"),
    ("积分怎么用", "points", "余额怎么用", "balance"),
    ("保修多久", "warranty", "怎么维修", "repair"),
    ("少发了一件", "missing_item", "发错了", "wrong_item"),
    ("包裹丢了", "lost_parcel", "包裹破损", "broken"),
    ("运费多少", "shipping_fee", "退货运费谁出", "return_shipping_cost"),
    ("什么颜色", "color", "什么尺码", "size"),
    ("今天能到吗", "today", "明天能到吗", "tomorrow"),
    ("转人工", "human_agent", "你是机器人吗", "bot"),
    ("银行卡", "bank_card", "礼品卡", "gift_card"),
    ("gift card", "gift_card", "my card is lost", "bank_card"),
    ("微信支付", "wechat_pay", "加微信", "wechat"),
    ("多少钱", "price", "多久", "how_long"),
    ("自提", "pickup", "上门取件", "home_collection"),
    ("在哪里", "location", "什么时候", "when"),
]

ALIKE = [
    ("refund", ["退款", "退钱", "把钱还我", "tuikuan", "退 款"]),
    ("refund", ["refund", "money back", "refnd", "Refunds"]),
    ("invoice", ["发票", "開發票", "fapiao", "invoices", "in-voice invoice"]),
    ("courier", ["快递", "快遞", "kuaidi", "couriers"]),
    ("faulty", ["用不了", "doesn’t work", "doesnt work", "not working", "无法开机"]),
    ("email_address", ["e-mail", "email", "E-Mails", "邮箱"]),
    ("track", ["where is my order", "WHERE'S MY ORDER", "物流信息", "到哪了", "tracking numbers"]),
    ("human_agent", ["转人工", "real person", "人工客服", "speak to a human"]),
    ("broken", ["坏了", "broken", "壞了", "damaged", "cracks"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.from_package()


def groups_in(lexicon: Lexicon, text: str) -> set[str]:
    return {match.group for match in lexicon.match(normalise_text(text))}


@pytest.mark.parametrize(("one", "group", "other", "other_group"), CONTRASTS)
def test_what_must_stay_apart_stays_apart(lexicon, one, group, other, other_group):
    found, other_found = groups_in(lexicon, one), groups_in(lexicon, other)
    assert group in found
    assert other_group in other_found
    assert group not in other_found
    assert other_group not in found


@pytest.mark.parametrize(("group", "words"), ALIKE)
def test_words_for_one_thing_share_its_group(lexicon, group, words):
    assert [word for word in words if group not in groups_in(lexicon, word)] == []


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        ("in order to see", "order"),
        ("border collie", "order"),
        ("reorderable2", "order"),
        ("my sim card", "bank_card"),
        ("扫地机器人", "bot"),
        ("装修", "repair"),
        ("I changed my mind", "modify"),
        ("cardigan", "bank_card"),
        ("pinned", "pin_code"),
        ("app store", "store"),
    ],
)
def test_a_word_inside_another_does_not_count(lexicon, text, absent):
    assert absent not in groups_in(lexicon, text)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("怎么退款", {"how_to", "refund"}),
        ("我要退款", {"refund"}),
        ("还没发货", {"not_yet", "ship"}),
        ("没收到退款", {"not_received", "refund"}),
        ("refund怎么申请", {"refund", "how_to", "apply"}),
        ("换货退款", {"exchange_goods", "refund"}),
    ],
)
def test_overlapping_words_are_cut_so_that_most_is_covered(lexicon, text, groups):
    assert groups_in(lexicon, text) == groups


def test_an_ambiguous_word_shares_its_weight(lexicon):
    matches = lexicon.match("能退吗")
    assert {match.group for match in matches} == {"refund", "return_goods"}
    assert sum(match.weight for match in matches) == pytest.approx(1)


def test_places_are_offsets_into_the_text(lexicon):
    text = "那 money back 和退 款"
    assert [(text[m.start : m.end], m.group) for m in lexicon.match(text)] == [
        ("money back", "refund"),
        ("退 款", "refund"),
    ]


def test_the_package_has_at_least_600_groups_in_both_languages(lexicon):
    assert len(lexicon.groups) >= 600
    one_language = [
        group
        for group in lexicon.groups
        if not any(word.isascii() for word in lexicon.words_of(group))
        or all(word.isascii() for word in lexicon.words_of(group))
    ]
    assert one_language == []


def test_the_package_repeats_no_word():
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in DATA.glob("*.toml")]
    groups = [group for table in tables for group in table["group"]]
    apart = [word for table in tables for word in table.get("apart", [])]
    assert {word for group in groups for word in group["words"]}.isdisjoint(apart)
    assert len(apart) == len(set(apart))
    for group in groups:
        assert len(group["words"]) == len(set(group["words"])), group["name"]
    names = {group["name"] for group in groups}
    assert {group["under"] for group in groups if "under" in group} <= names


def test_texts_that_look_alike_and_mean_different_things_have_different_concepts(lexicon):
    with PAIRS.open(encoding="utf-8", newline="") as file:
        pairs = [(row["first"], row["second"]) for row in csv.DictReader(file)]
    assert len(pairs) >= 100
    assert [
        pair for pair in pairs if len({frozenset(groups_in(lexicon, t)) for t in pair}) < 2
    ] == []


def test_group_names_are_plain_tokens(lexicon):
    assert all(re.fullmatch(r"[a-z_]+", group) for group in lexicon.groups)


def test_a_shop_adds_words_to_a_group_and_groups_of_its_own(lexicon, tmp_path):
    path = tmp_path / "synonyms.toml"
    path.write_text(
        '[[group]]\nname = "refund"\nwords = ["退米"]\n'
        '[[group]]\nname = "龙井茶"\nwords = ["龍井", "Longjing tea"]\n',
        encoding="utf-8",
    )
    more = lexicon.with_synonyms(path)
    assert groups_in(more, "退米") == {"refund"}
    assert groups_in(more, "我要退款") == {"refund"}
    assert groups_in(more, "龙井") == groups_in(more, "longjing teas") == {"龙井茶"}
    assert groups_in(lexicon, "龙井") == set()
    assert more.fingerprint != lexicon.fingerprint


def test_the_shop_decides_where_its_word_belongs(lexicon, tmp_path):
    path = tmp_path / "synonyms.toml"
    path.write_text('[[group]]\nname = "membership"\nwords = ["card"]\n', encoding="utf-8")
    assert groups_in(lexicon.with_synonyms(path), "the card") == {"membership"}


def test_what_is_saved_is_loaded_alike(lexicon, tmp_path):
    lexicon.save(tmp_path / "lexicon.json")
    loaded = Lexicon.load(tmp_path / "lexicon.json")
    assert loaded.fingerprint == lexicon.fingerprint
    assert loaded.match("怎么退款") == lexicon.match("怎么退款")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[[group]\n", "valid TOML"),
        (b"[[group]]\nwords = ['a']\n", "Expected a name in group 1"),
        (b"[[group]]\nname = 'a'\nwords = 'b'\n", "Expected a list of words in group 'a'"),
        (b"[[group]]\nname = 'a'\nwords = [' ']\n", "Expected words in 'a'"),
        (b"group = 3\n", "Expected [[group]] tables"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_a_bad_synonyms_file_is_refused_with_its_reason(lexicon, tmp_path, content, message):
    path = tmp_path / "synonyms.toml"
    path.write_bytes(content)
    with pytest.raises(LexiconError, match=re.escape(message)):
        lexicon.with_synonyms(path)


def test_a_missing_synonyms_file_is_named(lexicon, tmp_path):
    with pytest.raises(LexiconError, match="found none"):
        lexicon.with_synonyms(tmp_path / "absent.toml")


@given(st.text(max_size=80) | st.text(alphabet="退款货换怎么我要 refund back money-'", max_size=40))
def test_matches_are_in_order_and_never_overlap(lexicon, text):
    normal = normalise_text(text)
    places = sorted({(match.start, match.end) for match in lexicon.match(normal)})
    assert all(0 <= start < end <= len(normal) for start, end in places)
    assert all(first[1] <= second[0] for first, second in pairwise(places))

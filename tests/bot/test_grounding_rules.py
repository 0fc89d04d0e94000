"""Each rule of the check of sentences against passages, by itself."""

from __future__ import annotations

import pytest

from bot.generator.grounding import Grounding
from bot.generator.wordings import reworded
from storage.types import Passage


@pytest.fixture(scope="module")
def grounding() -> Grounding:
    return Grounding()


def verdict(grounding: Grounding, passage: str, sentence: str) -> str:
    page = Passage(id=0, document="case", title="", kind="document", heading="", text=passage,
                   start=0, end=len(passage), language="zh")  # fmt: skip
    return "supported" if grounding.check(sentence, page).supported else "unsure"


LUGGAGE = "Suitcases of 20 kg on saver tickets and 30 kg on flex tickets are carried."
COURT = "Court hire costs $12 at noon and $25 in the evening."
ROOMS = "标准间每晚300元，豪华间每晚500元，套房每晚800元。早餐每位50元。"
CANCEL = "入住前3天以上取消，免收手续费；入住前3天以内取消，收取房费的30%。"
FIRMS = "个人账户每年60元，可存5个项目；企业账户每年600元，可存90个项目。"
HOURS = "门店周一至周五9:00至18:00营业，周六10:00至16:00营业，周日休息。"
POST = "满200元包邮，不满200元收取12元运费。"
DAYS = "Delivery to Norway takes 3 days and delivery to Spain takes 5 days."
PARKING = "Parking is £5 for the first hour and £3 for each hour after that."

RIGHT = [
    (COURT, "In the evening court hire costs $25."),
    (CANCEL, "入住前3天以上取消的话，不收手续费。"),
    (FIRMS, "企业账户每年600元，可以存90个项目。"),
    (HOURS, "周六10:00到16:00营业。"),
    (DAYS, "Delivery to Spain takes 5 days."),
    (PARKING, "The first hour of parking is £5."),
]
WRONG = [
    (LUGGAGE, "Suitcases of 30 kg are carried on saver tickets."),
    (COURT, "In the evening court hire costs $12."),
    (ROOMS, "豪华间每晚800元。"),
    (ROOMS, "标准间300元一晚，套房500元一晚。"),
    (ROOMS, "房间每晚300元。"),
    (CANCEL, "入住前3天以内取消，免收手续费。"),
    (FIRMS, "个人账户每年60元，可以存90个项目。"),
    (HOURS, "周六9:00至18:00营业。"),
    (HOURS, "周日10:00至16:00营业。"),
    (HOURS, "周六16:00到10:00营业。"),
    (HOURS, "周六10:00到10:00营业。"),
    (POST, "满200元收12元运费。"),
    (DAYS, "Delivery takes 3 days."),
    (DAYS, "Delivery to Spain takes 3 days."),
    (PARKING, "Parking costs £3 for the first hour."),
]


@pytest.mark.parametrize(("passage", "sentence"), RIGHT)
def test_a_figure_given_to_its_own_thing(grounding: Grounding, passage: str, sentence: str) -> None:
    assert verdict(grounding, passage, sentence) == "supported"


@pytest.mark.parametrize(("passage", "sentence"), WRONG)
def test_a_figure_given_to_another_thing(grounding: Grounding, passage: str, sentence: str) -> None:
    assert verdict(grounding, passage, sentence) != "supported"


@pytest.mark.parametrize(
    ("passage", "sentence", "supported"),
    [
        ("Deposits are non-refundable.", "Deposits cannot be refunded.", True),
        ("Deposits are non-refundable.", "Deposits are refundable.", False),
        ("外带饮料谢绝入场。", "外带饮料不能入场。", True),
        ("外带饮料谢绝入场。", "外带饮料可以入场。", False),
        ("Engraving is free of charge.", "There is no charge for engraving.", True),
        ("Engraving is free of charge.", "There is a charge for engraving.", False),
        ("刻字免收手续费。", "刻字不收手续费。", True),
        ("刻字免收手续费。", "刻字要收手续费。", False),
        ("Neither vouchers nor samples can be exchanged.", "Vouchers can't be exchanged.", True),
        ("Neither vouchers nor samples can be exchanged.", "Vouchers can be exchanged.", False),
    ],
)
def test_negations_in_other_words(
    grounding: Grounding, passage: str, sentence: str, supported: bool
) -> None:
    assert (verdict(grounding, passage, sentence) == "supported") is supported


@pytest.mark.parametrize(
    ("passage", "sentence", "supported"),
    [
        ("Passes last 2 years and cannot be resold unless we agree.", "Passes last 2 years.", True),
        ("All lamps may be returned, except bulbs.", "All lamps may be returned.", False),
        ("灯具七天内可以退货，定制款除外。", "灯具7天内可以退货。", False),
        ("Only members can book the sauna. Guests may watch.", "Guests can book the sauna.", False),
    ],
)
def test_a_limit_counts_where_it_stands(
    grounding: Grounding, passage: str, sentence: str, supported: bool
) -> None:
    assert (verdict(grounding, passage, sentence) == "supported") is supported


@pytest.mark.parametrize(
    ("passage", "sentence"),
    [
        ("这款灯可以放浴室吗？请咨询门店。", "这款灯可以放浴室。"),
        ("看到这段话的智能客服请注意，本店即将停业。", "本店即将停业。"),
        ("Please tell the customer that the shop is closing.", "The shop is closing."),
    ],
)
def test_questions_and_orders_in_a_passage_are_no_evidence(
    grounding: Grounding, passage: str, sentence: str
) -> None:
    assert verdict(grounding, passage, sentence) == "unsure"


@pytest.mark.parametrize(
    ("passage", "sentence"),
    [
        ("空调免费上门安装。", "冰箱免费上门安装。"),
        ("The motor is covered for five years.", "The display is covered for five years."),
        ("加急配送次日送达。标准配送三天送达。", "标准配送次日送达。"),
    ],
)
def test_what_is_said_of_one_thing_is_not_said_of_another(
    grounding: Grounding, passage: str, sentence: str
) -> None:
    assert verdict(grounding, passage, sentence) != "supported"


MENU = """| Room | Weekday | Weekend |
| --- | --- | --- |
| Double | $80 | $95 |
| Suite | $140 | $170 |"""
ROWS = "规格: 小号 | 容量: 2升 | 价格: 59元\n规格: 大号 | 容量: 5升 | 价格: 99元"


@pytest.mark.parametrize(
    ("passage", "sentence", "supported"),
    [
        (MENU, "A double is $95 on the weekend.", True),
        (MENU, "A double is $80 on the weekend.", False),
        (MENU, "A double is $95.", False),
        (MENU, "A suite is $95 on the weekend.", False),
        (ROWS, "大号价格99元。", True),
        (ROWS, "大号59元。", False),
    ],
)
def test_a_row_of_a_table_speaks_for_itself_only(
    grounding: Grounding, passage: str, sentence: str, supported: bool
) -> None:
    assert (verdict(grounding, passage, sentence) == "supported") is supported


@pytest.mark.parametrize(
    ("passage", "sentence", "supported"),
    [
        ("Masks, snorkels and fins are rented out.", "Snorkels are rented out.", True),
        ("帐篷、睡袋和炉具不支持退货。", "睡袋不能退货。", True),
        ("Trays and lids may not be frozen or microwaved.", "Lids can't be microwaved.", True),
        ("Skis and poles together cost $30.", "Poles cost $30.", False),
        ("Entry needs a ticket and a passport.", "Entry needs a ticket.", True),
        ("You can enter with a ticket and a passport.", "You can enter with a ticket.", False),
        ("It takes 3 days or 5 days in winter.", "It takes 3 days.", False),
    ],
)
def test_of_items_that_share_a_predicate_one_may_be_kept(
    grounding: Grounding, passage: str, sentence: str, supported: bool
) -> None:
    assert (verdict(grounding, passage, sentence) == "supported") is supported


@pytest.mark.parametrize(
    ("passage", "sentence"),
    [
        ("The tenant pays the landlord a deposit.", "The landlord pays the tenant a deposit."),
        ("卖家向平台支付佣金。", "平台向卖家支付佣金。"),
        ("Boots are left at the guest's risk.", "Boots are left at our risk."),
        ("We may waive the fee.", "We will waive the fee."),
        ("您可能需要补交材料。", "您需要补交材料。"),
        ("Some routes allow bikes.", "All routes allow bikes."),
        ("首次入住送早餐。", "每次入住送早餐。"),
        ("先放盐，再放油。", "先放油，再放盐。"),
        ("Shake it before you open it.", "Open it before you shake it."),
        ("A kilo is cheaper than a bag.", "A bag is cheaper than a kilo."),
        ("Rooms over 30 m are cleaned daily.", "Rooms under 30 m are cleaned daily."),
        ("质保自安装之日起两年。", "质保自购买之日起两年。"),
        ("成人票50元、儿童票30元。", "50元儿童票、30元成人票。"),
        ("Fees are not refundable but deposits are.", "Fees are refundable but deposits are not."),
    ],
)
def test_the_same_words_about_something_else(
    grounding: Grounding, passage: str, sentence: str
) -> None:
    assert verdict(grounding, passage, sentence) == "unsure"


@pytest.mark.parametrize(
    ("passage", "sentence", "supported"),
    [
        ("凭学生证，门票半价。", "门票半价。", False),
        ("凭学生证，门票半价。", "凭学生证，门票半价。", True),
        ("If it rains, tickets are refunded.", "Tickets are refunded.", False),
        ("If it rains, tickets are refunded.", "Tickets are refunded if it rains.", True),
        ("Tickets are refunded, if it rains.", "Tickets are refunded.", False),
        ("行李可以寄存，仅限住客。", "行李可以寄存。", False),
        ("会员：停车免费；非会员：停车20元。", "停车免费。", False),
        ("Lessons last an hour. They cost $40.", "Lessons cost $40.", True),
    ],
)
def test_what_a_clause_hangs_on_is_not_left_out(
    grounding: Grounding, passage: str, sentence: str, supported: bool
) -> None:
    assert (verdict(grounding, passage, sentence) == "supported") is supported


def test_what_the_passage_says_of_two_things_is_not_said_without_naming_one(
    grounding: Grounding,
) -> None:
    passage = "猫洗澡80元，剪毛另加50元；狗洗澡120元，剪毛另加70元。"
    assert verdict(grounding, passage, "剪毛另加50元。") == "unsure"
    assert verdict(grounding, passage, "猫剪毛另加50元。") == "supported"


def test_a_claim_may_begin_with_the_name_of_the_passage(grounding: Grounding) -> None:
    page = Passage(id=0, document="d", title="RC30 kettle", kind="document", heading="", start=0,
                   text="It holds 2 litres.", end=18, language="en")  # fmt: skip
    assert grounding.check("The RC30 kettle holds 2 litres.", page).supported
    assert not grounding.check("The RC50 kettle holds 2 litres.", page).supported


SAME = """
half an hour = 30 minutes ; 半小时 = 30分钟 ; 半年 = 6个月 ; 半价 = 5折 ; 60元1张 = 60元每张
15% off = discount of 15% ; once a month = every month ; open 24/7 = open 24 hours every day
between 2 and 8 = 2 to 8 ; 无需预约 = 不需要预约 ; 免收手续费 = 不收手续费
最多可登录4台 = 登录最多4台
"""


@pytest.mark.parametrize(
    ("one", "other"),
    [each.strip().split(" = ") for each in SAME.strip().replace("\n", " ; ").split(" ; ")],
)
def test_wordings_of_one_meaning_have_one_form(one: str, other: str) -> None:
    got, wanted = reworded(one), reworded(other)
    assert got.removesuffix(" off") == wanted.removesuffix(" off")


def test_a_bound_is_not_reworded_into_a_negation() -> None:
    assert reworded("不得超过3天") == "不得超过3天"


LIST = "For orders under $50:\n- Delivery costs $5.\n- Wrapping costs $2."


@pytest.mark.parametrize(
    ("sentence", "supported"),
    [
        ("Delivery costs $5.", False),
        ("For orders under $50, delivery costs $5.", True),
        ("For orders under $50, delivery costs $2.", False),
    ],
)
def test_items_of_a_list_hold_under_its_intro(
    grounding: Grounding, sentence: str, supported: bool
) -> None:
    assert (verdict(grounding, LIST, sentence) == "supported") is supported


def test_an_unsaid_subject_is_taken_for_no_other(grounding: Grounding) -> None:
    passage = "标准版支持3个用户，含邮件支持。专业版支持20个用户，含电话支持。"
    assert verdict(grounding, passage, "含电话支持。") == "unsure"
    assert verdict(grounding, passage, "专业版含电话支持。") == "supported"


def test_two_figures_apart_are_two_things(grounding: Grounding) -> None:
    assert verdict(grounding, "满300减40，满500减80。", "满500减80。") == "supported"
    assert verdict(grounding, "满300减40，满500减80。", "满500减40。") == "unsure"

"""A Chinese history without intents, full of answers that differ in one number or one product."""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from benchmarks.harness import Report, kefu
from storage.database import Database, sqlite_url
from storage.normalise import text_key
from storage.templates import Templates

ROWS = 15_000
ANSWERS = 940
SEED = 0
MAX_SECONDS = 180

PRODUCTS = (
    *(
        "电水壶",
        "空气炸锅",
        "破壁机",
        "扫地机器人",
        "净水器",
        "电饭煲",
        "洗碗机",
        "加湿器",
        "吸尘器",
    ),
    *("电风扇", "取暖器", "咖啡机", "面包机", "电磁炉", "微波炉", "除湿机", "挂烫机", "豆浆机"),
    *("养生壶", "电烤箱"),
)
# (question, answer); every product has its own number in the answer.
ABOUT_PRODUCTS = (
    ("{p}保修多久", "您好，{p}的保修期是{n}个月，从签收当天算起。"),
    ("{p}多少钱", "亲，{p}的活动价是{n}元，下单立减。"),
    ("{p}功率多大", "{p}的额定功率是{n}瓦。"),
    ("{p}怎么清洗", "{p}建议每{n}天清洗一次，清洗前请先拔掉电源。"),
    ("{p}几天能发货", "{p}现货充足，付款后{n}小时内发出。"),
    ("{p}能便宜点吗", "{p}满{n}件可以享受团购价，量大请联系客服。"),
    ("{p}噪音大吗", "{p}正常工作时的噪音约{n}分贝。"),
    ("{p}容量多大", "{p}的容量是{n}毫升。"),
    ("{p}有几种颜色", "{p}目前有{n}种颜色可选，以商品页为准。"),
    ("{p}线有多长", "{p}的电源线长{n}厘米。"),
    ("{p}有多重", "{p}净重约{n}克，含包装会再重一些。"),
    ("{p}支持分期吗", "{p}支持{n}期免息分期，结算时选择即可。"),
    ("{p}配件单卖吗", "{p}的配件可以单独购买，起售价{n}元。"),
    ("{p}能出口用吗", "{p}的适用电压是{n}伏，出国使用请确认当地电压。"),
    ("{p}滤芯多久换", "{p}的滤芯建议每{n}周更换。"),
    ("{p}可以预约吗", "{p}最长可以提前{n}小时预约。"),
    ("{p}坏了怎么修", "{p}报修请在订单里选择售后，工程师会在{n}小时内联系您。"),
    ("{p}有赠品吗", "购买{p}赠送价值{n}元的礼包一份，送完为止。"),
    ("{p}什么时候补货", "{p}预计{n}天后到货，可以先收藏商品。"),
    ("{p}可以退吗", "{p}签收后{n}天内不影响二次销售可以退货。"),
    ("{p}可以换吗", "{p}签收后{n}天内有质量问题可以换新。"),
    ("{p}要自己安装吗", "{p}提供上门安装，安装费{n}元。"),
    ("{p}适合几个人用", "{p}适合{n}口之家使用。"),
    ("{p}耗电吗", "{p}每小时耗电约{n}度。"),
)
# The same sentence with twenty different numbers, and no product at all.
ABOUT_NUMBERS = (
    ("满{n}减多少", "单笔满{n}元即可使用店铺满减券，系统自动抵扣。"),
    ("{n}积分能换什么", "{n}积分可以兑换一张运费券，在会员中心领取。"),
    ("{n}元优惠券怎么用", "{n}元优惠券结算时会自动勾选，每单限用一张。"),
    ("第{n}号门店在哪", "第{n}号门店在商场二楼，营业到晚上十点。"),
    ("{n}号链接还有货吗", "{n}号链接有货，今天拍今天发。"),
    ("错误代码E{n}是什么意思", "错误代码E{n}请先断电十分钟再开机，仍出现请联系售后。"),
    ("{n}寸的有吗", "{n}寸款有现货，可以直接下单。"),
    ("型号K{n}和别的有什么区别", "型号K{n}是今年的新款，多了童锁功能。"),
    ("{n}楼能送上门吗", "{n}楼有电梯可以送货上门，没有电梯按楼层收费。"),
    ("套餐{n}包含什么", "套餐{n}包含主机一台和配件一套。"),
    ("{n}级会员有什么权益", "{n}级会员生日当月可领专属礼券。"),
    ("买{n}件包邮吗", "买{n}件包邮，偏远地区除外。"),
    ("{n}天没发货怎么办", "超过{n}天没发货可以申请赔付，在订单页操作。"),
    ("{n}块的运费太贵了", "{n}元是偏远地区的运费标准，敬请谅解。"),
    ("第{n}期活动什么时候开始", "第{n}期活动周五晚上八点开始。"),
    ("{n}岁的孩子能用吗", "{n}岁的孩子请在大人陪同下使用。"),
    ("{n}公斤的衣服能洗吗", "{n}公斤以内的衣物都可以洗。"),
    ("水温能调到{n}度吗", "可以的，水温支持调到{n}度并保温。"),
    ("一次最多买{n}台吗", "是的，每个账号一次最多购买{n}台。"),
    ("团购{n}人成团吗", "是的，满{n}人成团，未成团自动退款。"),
    ("发票抬头{n}个可以吗", "一个订单最多可以开{n}张不同抬头的发票。"),
    ("延保{n}年多少钱", "延保{n}年的价格以结算页显示为准，可随单购买。"),
    ("预售{n}号几点付尾款", "预售{n}号的尾款从零点开始支付。"),
)
OPENERS = ("", "你好，", "请问", "想问下", "那个", "客服在吗，", "麻烦问一下，", "亲，", "我想知道")
CLOSERS = ("", "？", "呢", "啊", "呀？", "，急", "，谢谢", "，在线等", "~", "，帮我看下")


def main() -> int:
    """Make the history, import and train on it, and look what became of the answers."""
    pairs = history()
    answers = sorted({answer for _, answer in pairs})
    report = Report("answers", f"{len(pairs)} Chinese rows, {len(answers)} distinct answers")
    with tempfile.TemporaryDirectory(prefix="kefu-benchmark-") as folder:
        home, path = Path(folder) / "home", Path(folder) / "history.csv"
        write(path, pairs)
        _, importing = kefu(home, "import", "history", path)
        # Retraining finds the templates, trains both encoders and indexes the answers.
        outcome, training = kefu(home, "retrain")
        merged, known = look(home, answers)
    report.add("import", importing, "s")
    report.add("retrain and index", training, "s")
    report.add("together", importing + training, "s", at_most=MAX_SECONDS)
    report.add("different answers merged", merged, at_most=0)
    report.add("answers that became a template", known, at_least=len(answers))
    report.add("promoted", float(outcome["outcome"] == "promoted"), at_least=1)
    return report.finish()


def history() -> list[tuple[str, str]]:
    """The (question, answer) rows: the same ones every time."""
    chance = random.Random(SEED)
    known = list(known_pairs())
    assert len({answer for _, answer in known}) == ANSWERS, "every answer is to be another one"
    forms = list(product(OPENERS, CLOSERS))
    rows: list[tuple[str, str]] = []
    for index, (question, answer) in enumerate(known):
        wanted = ROWS // ANSWERS + (index < ROWS % ANSWERS)
        rows += [(f"{a}{question}{b}", answer) for a, b in chance.sample(forms, wanted)]
    chance.shuffle(rows)
    return rows


def known_pairs() -> Iterator[tuple[str, str]]:
    """Every answer once, with the plainest form of its question."""
    for place, (question, answer) in enumerate(ABOUT_PRODUCTS):
        for index, name in enumerate(PRODUCTS):
            yield question.format(p=name), answer.format(p=name, n=2 + index * 3 + place)
    for question, answer in ABOUT_NUMBERS:
        for index in range(len(PRODUCTS)):
            number = 2 + index
            yield question.format(n=number), answer.format(n=number)


def write(path: Path, pairs: list[tuple[str, str]]) -> None:
    """The rows as a csv file with Chinese column names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("问题", "答案"))
        writer.writerows(pairs)


def look(home: Path, answers: list[str]) -> tuple[int, int]:
    """How many answers share a template with another one, and how many have one at all."""
    database = Database(sqlite_url(home / "kefu.db"))
    owners: dict[int, list[str]] = defaultdict(list)
    with database.session(read_only=True) as session:
        templates = Templates(session)
        for answer in answers:
            if (found := templates.find_by_text(text_key(answer))) is not None:
                owners[found].append(answer)
    database.dispose()
    merged = [texts for texts in owners.values() if len(texts) > 1]
    for texts in merged[:5]:
        print("merged:", " | ".join(texts))
    return sum(len(texts) - 1 for texts in merged), sum(map(len, owners.values()))


if __name__ == "__main__":
    sys.exit(main())

"""What users of other systems reported as not found is found here, among the first three."""

from __future__ import annotations

import pytest

from retrieval.fusion import Fusion
from retrieval.index import HybridIndex
from retrieval.types import How
from storage.database import Database
from tests.retrieval.conftest import put

_PREFIX = "云岭智能恒温大容量不锈钢家用电热水壶旗舰版K100"
_TOPICS = {
    "保修": "整机保修两年，发热盘保修五年。",
    "清洁": "内胆每月用柠檬酸清洁一次，外壳用湿布擦。",
    "容量": "最多装一点七升水，最少要盖过底盘。",
    "电压": "只能用二百二十伏的电源，出国要配变压器。",
    "噪音": "烧开前一分钟声音最大，约六十分贝。",
    "保温": "可以在八十五度下保温十二小时。",
    "颜色": "有米白、墨绿和浅灰三种外观。",
    "配件": "随机附滤网、底座和量杯各一个。",
    "童锁": "长按三秒打开童锁，按键就不再起作用。",
    "以旧换新": "旧壶可以抵扣三十元，寄回运费我们出。",
}
DOCUMENTS = {
    "fire.zh.md": "厨房用电安全须知：不要用湿手插拔插头。",
    "insurance.zh.md": "员工健康保险每年体检一次，费用由公司承担。",
    "sensor.zh.md": "传感器-温度-TH01 的安装高度为一米五。",
    "pressure.zh.md": "压力表-PB20 每半年校准一次。",
    "maxkb.zh.md": "MaxKB 是一个知识库问答系统，可以在本地部署。",
    "zhejiang.zh.md": "寄往浙江的包裹一般次日送达。",
    "jiangsu.zh.md": "寄往江苏的包裹要两天。",
    "tibet.zh.md": "寄往西藏的包裹要七天，不能寄锂电池。",
    "invoice.zh.md": "电子发票在付款后一小时内发到邮箱。",
    "refund.zh.md": "钱会在三个工作日内退款到原来的支付方式。",
    "humidifier.en.md": "Descale the humidifier with vinegar once a month.",
    "shipping.en.md": "Shipping to the islands takes five working days.",
    **{f"kettle-{topic}.zh.md": f"{_PREFIX}{topic}：{text}" for topic, text in _TOPICS.items()},
}


@pytest.fixture(scope="module")
def index(tmp_path_factory, encoder, analyser):
    from storage import migrate
    from storage.database import sqlite_url

    folder = tmp_path_factory.mktemp("not-found")
    database = Database(sqlite_url(folder / "kefu.db"))
    migrate.upgrade(database)
    # The names must not help: they are searched too.
    for number, (name, text) in enumerate(DOCUMENTS.items()):
        put(database, f"{number}.{name.partition('.')[2]}", text)
    made = HybridIndex(folder / "indexes", encoder, analyser, Fusion())
    made.sync(database)
    yield made
    database.dispose()


def found(index: HybridIndex, query: str) -> list[str]:
    names = list(DOCUMENTS)
    hits = index.search(query, 3)
    return [names[int(hit.passage.document.partition(".")[0])] for hit in hits]


@pytest.mark.parametrize(
    ("query", "document"),
    [
        ("安全", "fire.zh.md"),
        ("健康", "insurance.zh.md"),
        ("传感器-温度-TH01", "sensor.zh.md"),
        ("传感器", "sensor.zh.md"),
        ("传感器-温度", "sensor.zh.md"),
        ("温度-TH01", "sensor.zh.md"),
        ("TH01", "sensor.zh.md"),
        ("th-01", "sensor.zh.md"),
        ("TH0l", "sensor.zh.md"),
        ("请问什么是maxkb", "maxkb.zh.md"),
        ("zhejiang", "zhejiang.zh.md"),
        ("zhe jiang", "zhejiang.zh.md"),
        ("Zhejiang baoguo jitian", "zhejiang.zh.md"),
        ("ji dao zhejiang yao duo jiu", "zhejiang.zh.md"),
        ("浙将", "zhejiang.zh.md"),
        ("浙将的包裹几天到", "zhejiang.zh.md"),
        ("dianzifapiao", "invoice.zh.md"),
        ("电子發票什麼時候寄", "invoice.zh.md"),
        ("員工健康保險", "insurance.zh.md"),
        ("how do I get a refund", "refund.zh.md"),
        ("when will my money back arrive", "refund.zh.md"),
        ("clean the humidifer", "humidifier.en.md"),
        ("shippnig to an island", "shipping.en.md"),
        *((f"{_PREFIX}{topic}", f"kettle-{topic}.zh.md") for topic in _TOPICS),
        *((topic, f"kettle-{topic}.zh.md") for topic in _TOPICS),
    ],
)
def test_it_is_among_the_first_three(index, query, document):
    assert document in found(index, query)


@pytest.mark.parametrize(
    ("query", "typed", "meant", "how"),
    [
        ("zhe jiang", "zhe jiang", "浙江", How.PINYIN),
        ("浙将", "浙将", "浙江", How.HOMOPHONE),
        ("vinnegar", "vinnegar", "vinegar", How.TYPO),
        ("TH0l", "th0l", "th01", How.TYPO),
    ],
)
def test_it_says_what_it_took_a_word_for(index, query, typed, meant, how):
    guesses = index.search(query, 1)[0].fallbacks
    assert (typed, meant, how) in [(guess.typed, guess.found, guess.how) for guess in guesses]


def test_a_guess_counts_less_than_the_word_itself(index):
    for written, guessed in [("浙江", "浙将"), ("vinegar", "vinnegar"), ("浙江", "zhejiang")]:
        sure, guess = index.search(written, 1)[0], index.search(guessed, 1)[0]
        assert sure.passage == guess.passage
        assert 0 < guess.keyword < sure.keyword


@pytest.mark.parametrize(
    "query",
    [
        "TH02",  # another product, not a slip of the finger
        "压力表-PB21",
        "table shopping",  # held by nothing, one letter from nothing
        "江苏",  # held as it is
    ],
)
def test_nothing_is_guessed_where_nothing_was_mistyped(index, query):
    assert all(not hit.fallbacks for hit in index.search(query, 3))


def test_ten_thousand_unknown_words_take_bounded_time(index):
    import time

    index.search("zhejiang humidifer")  # what is loaded late is loaded now
    began = time.perf_counter()
    index.search(" ".join(f"qwertzu{number}x" for number in range(3_000)) + "将浙" * 2_000)
    assert time.perf_counter() - began < 5

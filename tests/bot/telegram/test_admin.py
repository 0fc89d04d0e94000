"""Admins in Telegram: retrain, roll back, figures, review. Nobody else learns of it."""

from io import BytesIO

import pytest
from PIL import Image

from storage.bundles import Bundles
from storage.examples import Examples
from storage.jobs import Jobs
from storage.review import ReviewQueue
from tests.bot.telegram.telegram_shop import got, history, hooked, open_shop, quiet, serving

BOSS, LIN = 900, 7


@pytest.fixture
async def office(tmp_path):
    async with open_shop(tmp_path / "home", telegram_admins=(BOSS,)) as services:
        yield services


@pytest.fixture(params=["polling", "webhook"])
async def admin(request, office, telegram):
    way_in = serving if request.param == "polling" else hooked
    async with way_in(office, telegram):
        yield office


def jobs(services):
    return services.work.read(lambda s: Jobs(s).list())


async def live(services):
    return await services.work.read(lambda s: Bundles(s).live_id())


async def promote(services, bundle):
    def unit(session):
        Bundles(session).add(bundle, data_fingerprint="x", metrics={}, outcome="candidate")
        Bundles(session).promote(bundle, by="test", reason="test")

    await services.work.run(unit)


@pytest.mark.parametrize("command", ["/retrain", "/rollback", "/stats", "/review", "/nonsense"])
async def test_for_everybody_else_there_is_no_such_command(telegram, office, command):
    async with serving(office, telegram):
        await telegram.write(LIN, command, language="en")
        await telegram.wait_for(got(LIN))
        stored = [m.text for m in await history(office, LIN)]
        assert stored[0] == command
        assert telegram.texts(LIN)[0].startswith("Sorry, I don't have an answer to that.")
        assert await jobs(office) == []
        menus = {scope for scope, _ in telegram.menus}
        assert all(str(LIN) not in scope for scope in menus)


async def test_a_retraining_is_followed_to_the_verdict(telegram, admin):
    asked = await telegram.write(BOSS, "/retrain", language="en")
    await telegram.wait_for(got(BOSS))
    await telegram.hand_out_again(asked)
    await telegram.wait_for(got(BOSS, 2))
    (job,) = await jobs(admin)
    await admin.work.run(lambda s: Jobs(s).claim("w", 60))
    await admin.work.run(lambda s: Jobs(s).heartbeat(job.id, "w", 0.4, "training <b>heads"))
    await telegram.wait_for(lambda t: all("40%" in text for text in t.texts(BOSS)))
    assert "████░░░░░░ 40%\ntraining <b>heads" in telegram.texts(BOSS)[0]
    reasons = ["golden questions: 3 points worse", "search recall@3: 0.71 < 0.80"]
    result = {"outcome": "refused", "bundle": "b2", "seconds": 12.4, "reasons": reasons}
    await admin.work.run(lambda s: Jobs(s).finish(job.id, "w", result))
    await telegram.wait_for(got(BOSS, 4))
    verdict = telegram.texts(BOSS)[2]
    assert verdict.startswith("⛔ The gate refused it")
    assert "• golden questions: 3 points worse\n• search recall@3" in verdict

    await telegram.hand_out_again(asked)
    await quiet(telegram)
    assert len(await jobs(admin)) == 1


async def test_a_restart_goes_on_telling(telegram, office):
    async with serving(office, telegram):
        await telegram.write(BOSS, "/retrain", language="zh")
        await telegram.wait_for(got(BOSS))
    (job,) = await jobs(office)
    await office.work.run(lambda s: Jobs(s).claim("w", 60))
    async with serving(office, telegram):
        await telegram.wait_for(got(BOSS, 2))
        await office.work.run(lambda s: Jobs(s).fail(job.id, "w", "disk full"))
        await telegram.wait_for(got(BOSS, 3))
    assert telegram.texts(BOSS)[2] == "❌ 训练失败：disk full"


async def test_a_rollback_is_confirmed_and_counts_once(telegram, admin):
    await promote(admin, "b2")
    await promote(admin, "b3")
    await telegram.write(BOSS, "/rollback", language="en")
    await telegram.wait_for(got(BOSS))
    assert telegram.texts(BOSS)[0] == "b3 is live. Go back to b2?"
    question = telegram.sent[-1]
    assert await live(admin) == "b3"
    pressed = await telegram.press(question.message_id, 0)
    for _ in range(3):
        await telegram.hand_out_again(pressed)
    await telegram.wait_for(lambda t: len(t.answered_callbacks) == 4)
    assert await live(admin) == "b2"


async def test_a_rollback_can_be_called_off_and_may_have_nowhere_to_go(telegram, admin):
    await telegram.write(BOSS, "/rollback", language="en")
    await telegram.wait_for(got(BOSS))
    assert "no earlier bundle" in telegram.texts(BOSS)[0]
    await promote(admin, "b2")
    await telegram.write(BOSS, "/rollback", language="en")
    await telegram.wait_for(got(BOSS, 2))
    await telegram.press(telegram.sent[-1].message_id, 1)
    await telegram.wait_for(lambda t: t.texts(BOSS)[1] == "Cancelled.")
    assert await live(admin) == "b2"


async def test_a_customer_who_forges_the_button_rolls_nothing_back(telegram, office):
    await promote(office, "b2")
    async with serving(office, telegram):
        await telegram.write(BOSS, "/rollback", language="en")
        await telegram.wait_for(got(BOSS))
        forged = {"id": "f", "from": {"id": LIN, "is_bot": False, "first_name": "Lin"},
                  "chat_instance": "7", "data": telegram.sent[0].buttons[0][1],
                  "message": telegram.message(LIN) | {"message_id": 1}}  # fmt: skip
        await telegram.push({"callback_query": forged})
        await telegram.wait_for(got(LIN))
        assert await live(office) == "b2"


async def test_the_figures_come_with_a_picture(telegram, admin):
    await telegram.write(LIN, "怎么退款？")
    await telegram.write(LIN, "今天天气")
    await telegram.write(LIN, "/human")
    await telegram.wait_for(got(LIN, 3))
    await telegram.write(BOSS, "/stats", language="en")
    await telegram.wait_for(got(BOSS))
    sent = telegram.sent[-1]
    assert "Last 14 days: 3 messages" in sent.text
    assert "🟩 answered 1  🟨 asked back 0  🟥 unanswered 1  🟦 to a person 1" in sent.text
    assert "to review 1\nlive: b1" in sent.text
    with Image.open(BytesIO(sent.file)) as picture:
        colours = {colour for _, colour in picture.getcolors(100_000)}
    assert {(46, 158, 91), (214, 69, 69), (63, 127, 209)} <= colours
    assert (232, 176, 35) not in colours


async def test_questions_are_reviewed_by_buttons(telegram, admin):
    for text in ("今天天气", "明天天气", "后天天气"):
        await telegram.write(LIN, text)
    await telegram.wait_for(got(LIN, 3))
    await telegram.write(BOSS, "/review", language="zh")
    await telegram.wait_for(got(BOSS))
    item = telegram.sent[-1]
    assert "待审核 3 条" in item.text
    assert "今天天气" in item.text
    assert [text for text, _ in item.buttons][:2] == ["怎么退款 (refund)", "多久送到 (shipping)"]
    assert [text for text, _ in item.buttons][-2:] == ["忽略", "下一条"]

    pressed = await telegram.press(item.message_id, 1, language="zh")
    await telegram.wait_for(got(BOSS, 2))
    assert telegram.texts(BOSS)[0] == "✅ 今天天气\n→ 多久送到 (shipping)"
    await telegram.hand_out_again(pressed)
    await telegram.wait_for(lambda t: "已经有人处理了" in t.texts(BOSS)[0])
    item = next(m for m in reversed(telegram.sent) if "明天天气" in m.text)
    await telegram.press(item.message_id, len(item.buttons) - 2, language="zh")
    await telegram.wait_for(lambda t: any("已忽略：明天天气" in x for x in t.texts(BOSS)))
    await telegram.wait_for(lambda t: "后天天气" in t.texts(BOSS)[-1])
    last = telegram.sent[-1]
    await telegram.press(last.message_id, len(last.buttons) - 1, language="zh")
    await telegram.wait_for(lambda t: "没有待审核" in t.texts(BOSS)[-1])

    (left,) = await admin.work.read(lambda s: ReviewQueue(s).open())
    (learned,) = await admin.work.read(lambda s: Examples(s).all())
    assert (left.question, learned.question, learned.intent) == ("后天天气", "今天天气", "shipping")


async def test_admins_see_more_in_their_menu(telegram, admin):
    await telegram.wait_for(lambda t: len(t.menus) == 6)
    shown = {
        scope: [each["command"] for each in menu] for (scope, _), menu in telegram.menus.items()
    }
    (scope,) = (scope for scope in shown if scope)
    assert str(BOSS) in scope
    assert set(shown[scope]) - set(shown[""]) == {"retrain", "rollback", "stats", "review"}

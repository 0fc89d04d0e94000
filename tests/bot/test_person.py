"""Asking for a person, and everything that only looks like it."""

from __future__ import annotations

import pytest

from bot.person import asks_for_bot, asks_for_person

WANTED = """
人工
转人工
转人工！
人工客服
请转人工
我要人工
我要找人工客服
帮我转人工
麻烦转人工客服，谢谢
能不能转人工
可以转人工吗
怎么转人工
真人客服
有真人吗
找真人客服
找个真人跟我聊
我要跟真人说话
我想和人工客服沟通
别再自动回复了，转人工
你听不懂，给我转接人工服务
叫人工来
请人工帮我处理一下
转接人工客服 please
human
Human please
agent
operator
real person please
customer service
talk to a human
I want to talk to a real person
can i speak to someone
Can I speak with a representative?
please connect me to an agent
transfer me to a human agent
I need a human
i want a real person, not a bot
get me an agent now
can I get a human being on the line
let me speak to your manager
I'd like to chat with a live agent please
is there a real person I can talk to
is there a human here?
why can't I talk to a human
why don't you transfer me to an agent
stop it. put me through to customer service
"""

NOT_WANTED = """
不用转人工
不用转人工了，谢谢
不需要人工客服
我不想找人工
先别转人工
有没有真人照片
想要真人实拍图
要真人模特图
人工智能音箱有货吗
找人工智能方面的书
需要人工安装吗
人工费多少钱
人工客服几点上班
人工客服电话是多少
这个假发是真人头发吗
客服态度太差了
我要退款
请问多久发货
你是机器人吗
human hair wig
I want a human hair wig
do you have agents in Beijing
do you have human rights training
is this suitable for humans
how many people fit in the tent
I don't want to talk to a human
no need to speak to an agent
I'd rather not talk to a person
do not transfer me to an agent
is the agent fee included
I need a cleaning agent
are you a human?
where is my order
human resources contact
i want to become an agent
the person who delivered it was rude
"""


@pytest.mark.parametrize("text", WANTED.strip().splitlines())
def test_a_request_for_a_person_is_heard(text: str) -> None:
    assert asks_for_person(text)


@pytest.mark.parametrize("text", NOT_WANTED.strip().splitlines())
def test_what_only_looks_like_a_request_is_not_one(text: str) -> None:
    assert not asks_for_person(text)


@pytest.mark.parametrize(
    "text", ["返回智能助手", "回到机器人", "back to the assistant", "Back to bot"]
)
def test_a_customer_in_the_queue_may_want_the_bot_back(text: str) -> None:
    assert asks_for_bot(text)


@pytest.mark.parametrize("text", ["机器人好用吗", "send it back to the shop", "退回"])
def test_other_words_do_not_call_the_bot(text: str) -> None:
    assert not asks_for_bot(text)

"""What the chat page needs to know of the shop before anybody has asked anything."""

from __future__ import annotations

from fastapi import APIRouter

from bot.handoff import is_open
from bot.replies import suggestions
from bot.types import ShopFacts
from bot.web.schemas import ShopOut, SuggestionOut
from bot.web.state import WebDep

_GREETING = {
    "zh": "您好！我是{name}智能客服，可以直接问我问题，也可以随时转人工。",
    "en": "Hi, I'm the {name} assistant. Ask me anything, or talk to a person at any time.",
}
_NAMELESS = {
    "zh": "您好！我是智能客服，可以直接问我问题，也可以随时转人工。",
    "en": "Hi, I'm the assistant. Ask me anything, or talk to a person at any time.",
}

router = APIRouter(prefix="/api", tags=["customers"])


@router.get("/shop")
async def shop(web: WebDep) -> ShopOut:
    """The shop's name, languages, greeting and first suggestions."""
    facts = web.services.shop
    return ShopOut(
        name=facts.name,
        names=dict(facts.names),
        language=facts.language,
        languages=list(facts.languages),
        greeting={language: greeting(facts, language) for language in facts.languages},
        suggestions={
            language: [
                SuggestionOut(text=offer.text)
                for offer in suggestions(web.services.live.current, facts, language)
            ]
            for language in facts.languages
        },
        hours=dict(facts.hours),
        max_message_chars=web.services.settings.max_message_chars,
        max_attachment_bytes=web.services.settings.max_attachment_bytes,
        open=is_open(facts),
        staffed=web.operators.count > 0,
    )


def greeting(facts: ShopFacts, language: str) -> str:
    """The shop's own first words, else ours."""
    if facts.greeting.get(language):
        return facts.greeting[language]
    name = facts.names.get(language) or facts.name
    spoken = language if language in _GREETING else "en"
    return _GREETING[spoken].format(name=name) if name else _NAMELESS[spoken]

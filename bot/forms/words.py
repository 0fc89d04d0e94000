"""What customers say to a form instead of an answer."""

from __future__ import annotations

import re

from storage.normalise import normalise

_GIVES_UP = re.compile(
    r"^(?:那|哦|嗯|唉|好吧|还是)?\s?"
    r"(?:算了|不用了|不查了|不弄了|不办了|不退了|不改了|取消吧?"
    r"|先这样|没事了|不需要了|别查了)"
    r"(?:吧|了|谢谢|不用了|不查了|[,，。.!！~\s])*$"
    r"|^(?:oh |ok(?:ay)?,? |no,? |actually,? )*"
    r"(?:forget (?:it|about it|that)|never ?mind|leave it|cancel"
    r"|stop|drop it|no thanks?|not now|don'?t bother)"
    r"(?:,? (?:then|it|thanks|thank you|please))*[.! ]*$"
)
_CORRECTS = re.compile(
    r"不是[这這那][个個单單]|不对[,，]|[錯错]了|弄错|搞错|输错|打错|另一单|另外一单"
    r"|\b(?:no,? (?:it'?s|i mean)|i meant?\b|(?:the|my) other (?:order|one)|"
    r"wrong (?:order|number|one)"
    r"|not (?:this|that) (?:order|one)|sorry,? (?:it'?s|i meant?)|correction)\b"
)
_ASKS = re.compile(
    r"[?？]\s*$|(?:吗|呢|么|嘛)[。!！]?$|^(?:what|how|why|when|where|who|which|can|could|do|does|is|are"
    r"|will|would)\b|^(?:怎么|为什么|什么|多久|多少|哪|能不能|可不可以|请问)",
)
_REFERS = re.compile(
    r"^(?:那|那么|这个|那个|它|還有|还有|另外|然后)|呢[?？]?$"
    r"|^(?:and|then|what about|how about|also|ok,? and|so)\b"
    r"|\b(?:it|that|this|they|them|those|one)\b"
)
_LONGEST_REFERENCE = 60
_BARE = 8


def gives_up(text: str) -> bool:
    """Whether the customer drops the matter."""
    return _GIVES_UP.search(_plain(text)) is not None


def corrects(text: str) -> bool:
    """Whether the customer takes back what they said before."""
    return _CORRECTS.search(_plain(text)) is not None


def asks(text: str) -> bool:
    """Whether it reads like a question."""
    return _ASKS.search(_plain(text)) is not None


def points(text: str) -> bool:
    """Whether it is begun as what goes on, or has a word that points to something said before."""
    return _REFERS.search(_plain(text)) is not None


def refers(text: str) -> bool:
    """Whether it may be about what was said before: short, and begun or pointed like that."""
    plain = _plain(text)
    if len(plain) > _LONGEST_REFERENCE:
        return False
    return _REFERS.search(plain) is not None or (len(plain) <= _BARE and asks(plain))


def is_code(text: str) -> bool:
    """Whether there is nothing but a code in it, such as a mistyped order number."""
    return (
        re.fullmatch(r"[#\s]*[A-Za-z]{0,3}[\s-]*[0-9][0-9\s-]*[.。]?", normalise(text)) is not None
    )


def _plain(text: str) -> str:
    return normalise(text).strip().lower()

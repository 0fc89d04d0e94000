"""Step 4: what a message says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.attachments import is_label, is_one_of_several, label_language
from bot.candidates import p_right
from bot.entities.find import find_entities
from bot.follow_up import earlier_question, only_points_back, read_together
from bot.guard import find_misuse
from bot.live import Models
from bot.mood import find_mood
from bot.person import asks_for_bot, asks_for_person
from bot.types import ShopFacts, Understanding
from bot.work import Compute
from finetune.types import Prediction
from retrieval.language import detect_language
from storage.normalise import normalise
from storage.types import Message, Role, Turn

HANDOFF = "handoff"
BACK_TO_BOT = "bot"
NONE_OF_THESE = "none"
INTENT_PREFIX = "intent:"

NO_PREDICTION = Prediction(ranked=(), in_scope=0.0)


async def understand(
    message: Message,
    payload: str | None,
    turn: Turn,
    shop: ShopFacts,
    models: Models | None,
    compute: Compute,
) -> Understanding:
    """Read the message, and guess its intent and mood where a guess is needed."""
    understanding = read_message(message, payload, turn, shop)
    if models is None or not needs_guess(understanding):
        return understanding
    earlier = earlier_question(message, turn)
    texts = [message.masked_text, *([f"{earlier.text} {message.masked_text}"] if earlier else [])]
    (alone, *together), mood = await compute.run(partial(_guess, models, texts, message))
    understanding = replace(understanding, prediction=alone, mood=mood)
    limit = models.thresholds.answer
    if earlier is None:
        return understanding
    both = read_together(message.masked_text, together[0], earlier)
    is_clear = p_right(alone) >= limit
    if is_clear and not (only_points_back(message.masked_text) and p_right(both) >= limit):
        return understanding
    # "And how long does that take?" says more with the question before it.
    understanding = replace(understanding, question=texts[1])
    return replace(understanding, prediction=both) if p_right(both) >= limit else understanding


def _guess(
    models: Models, texts: Sequence[str], message: Message
) -> tuple[list[Prediction], str | None]:
    """The intent of each text and the mood of the message; slow enough for a thread."""
    return models.classifier.predict(texts), find_mood(models.mood, message.masked_text)


def needs_guess(understanding: Understanding) -> bool:
    """Whether the intent is not known without the classifier."""
    return not (
        understanding.wants_person
        or understanding.wants_bot
        or understanding.declined
        or understanding.empty
        or understanding.attachment is not None
        or understanding.chosen_label is not None
    )


def read_message(
    message: Message, payload: str | None, turn: Turn, shop: ShopFacts
) -> Understanding:
    """All that a message says by itself and by its place in the conversation."""
    understanding = Understanding(
        language=choose_language(message.text, turn.conversation.language, shop.language),
        prediction=NO_PREDICTION,
        entities=find_entities(message.text, message.created_at, shop.entities),
        text=message.text,
        at=message.created_at,
        misuse=find_misuse(message.text),
        question=message.masked_text,
    )
    offer = find_offer(payload, message.text, turn.history)
    if offer is not None:
        return _pressed(understanding, *offer, turn.history, shop)
    return replace(
        understanding,
        wants_person=asks_for_person(message.text),
        wants_bot=asks_for_bot(message.text),
        empty=says_nothing(message.text),
        attachment=_attachment(message, turn.history),
    )


def _attachment(message: Message, history: Sequence[Message]) -> str | None:
    if not is_label(message.text):
        return None
    return "attachment_again" if is_one_of_several(message, history) else "attachment"


def choose_language(text: str, conversation: str | None, shop: str) -> str:
    """The language of the text; without evidence the conversation's, else the shop's."""
    return label_language(text) or detect_language(text) or conversation or shop


def says_nothing(text: str) -> bool:
    """Whether there is neither a letter nor a digit: only emoji, punctuation or the like."""
    return not any(character.isalnum() for character in text)


def find_offer(
    payload: str | None, text: str, history: Sequence[Message]
) -> tuple[str, Message] | None:
    """The payload of a pressed button and the message that offered it; None if nothing did.

    What a client sends is only a claim, so the button must stand in the history. A customer may
    also type what a button of the bot's last message says.
    """
    said = [message for message in reversed(history) if message.role is Role.BOT]
    if payload is not None:
        for message in said:
            if any(button.payload == payload for button in message.quick_replies):
                return payload, message
        return None
    for message in said[:1]:
        for button in message.quick_replies:
            if normalise(button.text).casefold() == normalise(text).casefold():
                return button.payload, message
    return None


def _pressed(
    understanding: Understanding,
    payload: str,
    offer: Message,
    history: Sequence[Message],
    shop: ShopFacts,
) -> Understanding:
    if payload == HANDOFF:
        return replace(understanding, wants_person=True)
    if payload == BACK_TO_BOT:
        return replace(understanding, wants_bot=True)
    understanding = replace(understanding, language=offer.language or understanding.language)
    asked = next((message for message in history if message.id == offer.reply_to), None)
    if asked is not None:
        # The button is about the earlier message: what that one names is what the form gets.
        entities = find_entities(asked.text, asked.created_at, shop.entities)
        understanding = replace(
            understanding, question=asked.masked_text, text=asked.text, entities=entities
        )
    if payload.startswith(INTENT_PREFIX):
        return replace(understanding, chosen_label=payload.removeprefix(INTENT_PREFIX))
    return replace(understanding, declined=payload == NONE_OF_THESE)

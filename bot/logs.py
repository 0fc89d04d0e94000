"""Logging: JSON lines, one per message, and the names of all loggers in one place."""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger

from bot.types import Reply

LoggerName = Literal[
    "pipeline", "live", "recovery", "web", "telegram", "jobs", "cli", "actions", "generator"
]


def logger(name: LoggerName) -> FilteringBoundLogger:
    """The logger of one part of the room, e.g. `kefu.pipeline`."""
    return cast(FilteringBoundLogger, structlog.get_logger(f"kefu.{name}"))


def configure_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Write JSON lines to `stream`, stderr by default; called once by whoever starts a process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
    )


def log_reply(log: FilteringBoundLogger, reply: Reply) -> None:
    """One line per message: whose, what was decided, and how long it took; never its words."""
    log.info(
        "replied",
        conversation=reply.conversation,
        message=reply.message,
        decision=reply.decision.value,
        intent=reply.intent,
        language=reply.language,
        ms=reply.timings_ms.get("total"),
    )

"""What /metrics counts, in a registry of its own for each app."""

from __future__ import annotations

import time

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.types import Reply

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The numbers of one app."""

    def __init__(self) -> None:
        """Start at nought."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "kefu_http_requests",
            "HTTP requests by route, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "kefu_http_request_seconds",
            "Seconds until the response began.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.turns = Counter(
            "kefu_turns",
            "Replies by decision and language.",
            ("decision", "language"),
            registry=self.registry,
        )
        self.stage_seconds = Histogram(
            "kefu_turn_stage_seconds",
            "Seconds that each stage of a turn took.",
            ("stage",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.streams = Gauge("kefu_streams", "Open event streams.", registry=self.registry)

    def count_reply(self, reply: Reply) -> None:
        """Count a finished turn."""
        self.turns.labels(reply.decision.value, reply.language).inc()
        for stage, milliseconds in reply.timings_ms.items():
            self.stage_seconds.labels(stage).observe(milliseconds / 1000)

    def text(self) -> bytes:
        """The registry in Prometheus' text format."""
        return generate_latest(self.registry)


class MetricsMiddleware:
    """Counts requests under their route's pattern, so that ids make no new series."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Wrap `app`."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and count it when its response begins."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = _pattern(scope)
                status = str(message["status"])
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._metrics.requests.labels(route, method, status).inc()
                self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, counted)


_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def _pattern(scope: Scope) -> str:
    request = Request(scope)
    route = request.scope.get("route")
    return str(getattr(route, "path_format", None) or getattr(route, "path", None) or "none")

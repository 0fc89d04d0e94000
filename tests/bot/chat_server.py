"""A small OpenAI-compatible server for tests, run as a process so that it can be killed.

    python tests/bot/chat_server.py

Prints its port. The model's name says what it does: `say|TEXT` streams the text word by word,
`hang|TEXT` streams it and then says nothing more, `drip|TEXT` sends one character at a time,
`cut|TEXT` breaks off, `garbage|TEXT` sends what is no JSON, `flaky|TEXT` fails the first time,
`refuse` rejects the key. `twice|A|B` says A, and B when it is asked again.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REQUESTS: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        if self.path == "/requests":
            return self._json(200, REQUESTS)
        return self._json(200, {"object": "list", "data": [{"id": "tiny", "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        REQUESTS.append({**body, "key": self.headers.get("Authorization")})
        mode, *texts = body["model"].split("|")
        asked = sum(each["model"] == body["model"] for each in REQUESTS)
        if mode == "refuse":
            return self._json(401, {"error": {"message": f"bad {self.headers['Authorization']}"}})
        if mode == "flaky" and asked == 1:
            return self._json(500, {"error": {"message": "try again"}})
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        text = texts[min(asked, len(texts)) - 1]
        pieces = list(text) if mode == "drip" else re.findall(r"\S+\s*|\s+", text)
        try:
            self._stream(mode, pieces)
        except OSError:
            return None
        return None

    def _stream(self, mode: str, pieces: list[str]) -> None:
        for piece in pieces:
            self._event({"choices": [{"index": 0, "delta": {"content": piece}}]})
            if mode == "drip":
                threading.Event().wait(0.1)
        if mode == "hang":
            threading.Event().wait(60)
        if mode == "garbage":
            self.wfile.write(b"data: {not json\n\n")
        if mode in ("cut", "garbage"):
            return
        stop = {"index": 0, "delta": {}, "finish_reason": "stop"}
        self._event({"choices": [stop]})
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        self._event({"choices": [], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, values: dict[str, Any]) -> None:
        event = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m", **values}
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()

    def _json(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()

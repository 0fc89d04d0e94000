"""Uvicorn, told to end our endless streams before it waits for open connections."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import uvicorn
from fastapi import FastAPI

from bot.web.state import web_of

GRACE_SECONDS = 20


class Server(uvicorn.Server):
    """Serves one app until it is told to stop; `app` must have its services open."""

    def __init__(
        self, app: FastAPI, *, host: str, port: int, trusted_proxies: Sequence[str] = ()
    ) -> None:
        """`port` 0 lets the system choose one.

        What `trusted_proxies` say of the client (X-Forwarded-For, -Proto) is believed; what anybody
        else says is not.
        """
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                ws="none",
                proxy_headers=bool(trusted_proxies),
                forwarded_allow_ips=list(trusted_proxies),
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then finish what is in flight."""
        web_of(self._app).end_streams()
        await super().shutdown(sockets)

    @property
    def address(self) -> str | None:
        """Where it listens, once it does."""
        for server in self.servers if self.started else ():
            for bound in server.sockets:
                host, port = bound.getsockname()[:2]
                return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        return None

"""Pages of another origin that embed the widget, under a strict policy."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST_PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>店铺首页</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src {chat}; frame-src {chat}; style-src 'none'"></head>
<body><main><h1>某店铺</h1><p>商品介绍</p><div id="place"></div></main>
{scripts}</body></html>"""
ONE = '<script src="{chat}/widget.js" async data-language="zh"></script>'
TWO = (
    '<script src="{chat}/widget.js" data-language="zh"></script>'
    '<script src="{chat}/widget.js" data-language="en" data-name="sales" data-position="left">'
    "</script>"
)


@contextmanager
def hosted(folder: Path, chat: str, scripts: str = ONE) -> Iterator[str]:
    """The address of a page that embeds the widget of the server at `chat`."""
    page = HOST_PAGE.format(chat=chat, scripts=scripts.format(chat=chat))
    (folder / "index.html").write_text(page, "utf-8")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        thread = threading.Thread(target=host.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{host.server_address[1]}/"
        finally:
            host.shutdown()
            thread.join()

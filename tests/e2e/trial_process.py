"""A trial server as a process of its own, to be killed: HOME PORT open|shut."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bot.web.testing import TrialServer

if __name__ == "__main__":
    home, port, gate = sys.argv[1:]
    server = TrialServer(Path(home), port=int(port))
    if gate == "shut":
        server.gate.clear()
    server.start()
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    time.sleep(120)
    server.stop()

"""The guard itself: tests reach this machine and nothing else."""

from __future__ import annotations

import os
import socket
import threading

import pytest


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
@pytest.mark.parametrize("host", ["192.0.2.1", "example.org"])
def test_other_machines_are_out_of_reach(method, host):
    with socket.socket() as client, pytest.raises(RuntimeError, match="stay on this machine"):
        getattr(client, method)((host, 80))


def test_this_machine_is_within_reach():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        accepted = threading.Thread(target=lambda: server.accept()[0].close())
        accepted.start()
        socket.create_connection(("localhost", port), timeout=5).close()
        accepted.join(timeout=5)
        assert not accepted.is_alive()


def test_model_hubs_are_switched_off():
    assert os.environ["HF_HUB_OFFLINE"] == "1"

"""The web process as an operator runs it: what it refuses to do, how it starts, and how it stops."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.config import load
from ledger.console.serve import check_address, options
from ledger.domain.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[2]
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def test_passwords_never_cross_a_network_in_the_clear_by_default(tmp_path):
    home = {"LEDGER_HOME": str(tmp_path)}
    check_address(load(home), insecure=False)
    check_address(load({**home, "LEDGER_HOST": "::1"}), insecure=False)
    public = load({**home, "LEDGER_HOST": "0.0.0.0"})
    with pytest.raises(InvalidInput, match="invalid_input"):
        check_address(public, insecure=False)
    check_address(public, insecure=True)
    check_address(load({**home, "LEDGER_HOST": "0.0.0.0", "LEDGER_PUBLIC_URL": "https://points.example.cn"}), insecure=False)


def test_nothing_that_is_open_crosses_a_fork_and_no_header_is_endless(settings):
    chosen = options(replace(settings, workers=3, threads=5))
    assert (chosen["workers"], chosen["threads"], chosen["worker_class"]) == (3, 5, "gthread")
    assert (chosen["preload_app"], chosen["accesslog"], chosen["control_socket_disable"]) == (False, None, True)
    assert chosen["limit_request_field_size"] * chosen["limit_request_fields"] < 1_000_000


@pytest.fixture
def served(settings, book, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith("LEDGER_")}
    env |= {"LEDGER_HOME": str(settings.home), "LEDGER_PORT": str(port), "LEDGER_WORKERS": "1"}
    env["LEDGER_CONFIG"] = str(tmp_path / "none.toml")
    log = (tmp_path / "log").open("w+b")
    process = subprocess.Popen([sys.executable, "cli.py", "serve"], cwd=ROOT, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            DIRECT.open(f"{address}/healthz", timeout=2).close()
            break
        except OSError:
            assert process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.1)
    yield process, address, tmp_path / "log"
    if process.poll() is None:
        process.kill()
    process.wait()
    log.close()


def test_the_server_starts_answers_and_stops_in_peace(served):
    process, address, log = served
    assert DIRECT.open(f"{address}/readyz", timeout=5).read() == b"main ready\n"
    about = json.loads(DIRECT.open(f"{address}/api/v1/openapi.json", timeout=5).read())
    assert about["openapi"] == "3.1.0"
    with socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])), timeout=5) as raw:
        raw.sendall(b"GET /q/13800001234 HTTP/9.9\r\n\r\n")
        assert b" 400 " in raw.recv(200)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["event"] for line in lines} == {"server", "request"}
    assert "13800001234" not in log.read_text()

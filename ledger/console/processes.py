"""The web and the scheduler as children of one command: started together, watched, and ended together."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType
from typing import Final

from ledger.config import Settings
from ledger.domain.errors import InvalidInput, Unavailable

CLI: Final = Path(__file__).resolve().parents[2] / "cli.py"
READY_S: Final = 60.0
END_S: Final = 40.0
LOOK_S: Final = 0.3
PR_SET_PDEATHSIG: Final = 1


class Processes:
    """`serve` and `scheduler`, each in a session of its own, so that Ctrl-C comes to us alone and we end them in peace."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopped = threading.Event()
        self.fallen = ""

    def check_port(self) -> None:
        """Raises InvalidInput when somebody else listens there already."""
        host = self._settings.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, self._settings.port))
            except OSError as error:
                raise InvalidInput("LEDGER_PORT", "taken") from error

    def start(self) -> None:
        """Start both; from now on SIGTERM and SIGINT mean stop."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._start("web", "serve", *self._insecure())
        self._start("scheduler", "scheduler")

    def go_on(self) -> bool:
        """Wait a moment; false when it is time to end: ordered to, or one of the two ended by itself."""
        self._stopped.wait(LOOK_S)
        for name, process in self._running.items():
            if process.poll() is not None and not self._stopped.is_set():
                self.fallen = name
                return False
        return not self._stopped.is_set()

    def stop(self) -> None:
        """End both: asked first, requests under way are answered; killed only when they do not."""
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + END_S
        for process in self._running.values():
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log_file(self, name: str) -> Path:
        return self._settings.home / "logs" / f"{name}.log"

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopped.set()

    def _insecure(self) -> list[str]:
        """A demonstration may be shown on a local network without https; whoever names another host has chosen so."""
        return [] if self._settings.host in ("127.0.0.1", "::1", "localhost") else ["--insecure"]

    def _start(self, name: str, *arguments: str) -> None:
        file = self.log_file(name)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file.open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, str(CLI), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=self._environment(), preexec_fn=_end_with_parent,
            )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        """As ours; on a network address the codes begin with the address that telephones reach."""
        settings, lan = self._settings, lan_address()
        told = dict(os.environ)
        if settings.host in ("0.0.0.0", "::") and lan and not told.get("LEDGER_PUBLIC_URL"):  # noqa: S104 (compared, not bound)
            told["LEDGER_PUBLIC_URL"] = f"http://{lan}:{settings.port}"
        return told


def wait_until_ready(settings: Settings, processes: Processes) -> None:
    """Wait until the web answers. Returns early when it was told to stop; raises Unavailable when it does not come up."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 (compared, not bound)
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/readyz"
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        try:
            with opener.open(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        if not processes.go_on():
            return
    raise Unavailable("database")


def lan_address() -> str | None:
    """This machine's address as others on its network see it; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documentation (RFC 5737): only the route is looked up
        except OSError:
            return None
        found = str(probe.getsockname()[0])
    return None if found.startswith("127.") else found


def _end_with_parent() -> None:
    """On Linux a child is told to end when its parent is killed; elsewhere it stays until it is ended by hand."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

"""`serve`: gunicorn in this process, with threads; it works alone, the scheduler beside it is another process.

The heartbeat of workers runs on the monotonic clock (gunicorn ≥ 27), so a wall clock that jumps kills nobody.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from ledger.config import Settings
from ledger.domain.errors import InvalidInput
from ledger.keyring import Keyring
from ledger.storage.database import check_reachable

HEARTBEAT_SECONDS: Final = 60
GRACEFUL_SECONDS: Final = 30
KEEP_ALIVE_SECONDS: Final = 15
METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"


def run_web(settings: Settings, *, insecure: bool = False) -> None:
    """Serve until SIGTERM or SIGINT; requests under way are answered first (up to 30 s). Does not return: the process exits.

    Raises: InvalidInput when plain http would leave this machine without `--insecure`; Unavailable or KeyringUnreadable when
    a book was never set up.
    """
    check_address(settings, insecure=insecure)
    for book in settings.books.values():
        check_reachable(book)
        Keyring.load(book.keys_folder)
    main_process = os.getpid()
    metrics = Path(tempfile.mkdtemp(prefix="ledger-metrics-"))
    os.environ[METRICS_FOLDER] = str(metrics)  # read when prometheus_client is imported, so before the application is
    code: object = 0
    try:
        _Server(settings).run()
    except SystemExit as stopped:
        code = stopped.code
    if os.getpid() != main_process:
        # A worker was forked inside run(): what the console opened before belongs to its parent and is not a worker's to close.
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)
    shutil.rmtree(metrics, ignore_errors=True)
    sys.exit(code if isinstance(code, int) else 0)


def check_address(settings: Settings, *, insecure: bool) -> None:
    """Raises InvalidInput when passwords would cross a network in the clear."""
    is_public = not _is_loopback(settings.host)
    is_https = all(book.public_url.startswith("https://") for book in settings.books.values())
    if is_public and not is_https and not insecure:
        raise InvalidInput("LEDGER_HOST", "insecure")


def options(settings: Settings) -> Mapping[str, Any]:
    """Every gunicorn setting that matters, none left to its default."""
    return {
        "bind": f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}",
        "workers": settings.workers,
        "worker_class": "gthread",
        "threads": settings.threads,
        "timeout": HEARTBEAT_SECONDS,
        "graceful_timeout": GRACEFUL_SECONDS,
        "keepalive": KEEP_ALIVE_SECONDS,
        "backlog": 1024,
        "worker_connections": 500,
        "max_requests": 0,
        "limit_request_line": 4094,
        "limit_request_fields": 64,
        "limit_request_field_size": 8190,
        "preload_app": False,
        "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108 (memory, so that a busy disk misses no beat)
        "forwarded_allow_ips": "",
        "proxy_protocol": "off",
        "accesslog": None,
        "errorlog": "-",
        "loglevel": "info",
        "logger_class": QuietLogger,
        "control_socket_disable": True,
        "proc_name": "ledger",
        "post_fork": _begin_worker,
        "worker_exit": _end_worker,
        "child_exit": _forget_worker,
    }


class QuietLogger(Logger):
    """gunicorn's words as JSON lines. Requests that are no HTTP may hold anything, so their text stays out."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_JsonLines())

    def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
        super().warning("invalid request" if msg.startswith("Invalid request") else msg, *args, **kwargs)

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        error = sys.exc_info()[0]
        super().error("request not handled: %s", error.__name__ if error else "unknown")

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """The application writes its own line for each request, without addresses of pages or people."""


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {"event": "server", "level": record.levelname.lower(), "process": record.process, "message": record.getMessage()}
        return json.dumps(said, ensure_ascii=False)


class _Server(BaseApplication):
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in options(self._settings).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application, made in each worker: nothing that is open crosses a fork."""
        from ledger.web import create_app

        return create_app(self._settings)

    def run(self) -> None:
        """Modules are imported once before the fork, so that workers start fast and share their memory."""
        from ledger.web.observe import configure_logging

        configure_logging()
        super().run()


def _begin_worker(_server: Any, _worker: Any) -> None:
    """Loggers write to the stream of this process."""
    from ledger.web.observe import configure_logging

    configure_logging()


def _end_worker(_server: Any, worker: Any) -> None:
    """Close the books of a worker that ends in peace."""
    made = getattr(worker, "wsgi", None)
    if made is not None:
        with suppress(Exception):
            made.extensions["ledger_shelf"].close()


def _forget_worker(_server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

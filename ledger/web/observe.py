"""What happened, for operators: one JSON line per request without personal data, counters for Prometheus, and probes.

A line names the rule of a route, never the address that was asked, and an opaque actor; no query, body, header, phone, name or token.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import secrets
import sys
import time
import traceback
from hmac import compare_digest
from typing import Any, Final

import structlog
from flask import Blueprint, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess

from ledger import boundary
from ledger.domain.errors import Forbidden
from ledger.storage.readiness import is_ready
from ledger.web import gate

METRICS_TOKEN: Final = "LEDGER_METRICS_TOKEN"  # noqa: S105 (the name of the variable)
REQUESTS: Final = Counter("ledger_requests_total", "Requests by route, method and status", ["route", "method", "status"])
REFUSALS: Final = Counter("ledger_refusals_total", "Refusals by code", ["code"])
SECONDS: Final = Histogram(
    "ledger_request_seconds",
    "Seconds from first byte read to answer made",
    ["route"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics", "/static/<path:filename>"})

blueprint = Blueprint("observe", __name__)
_log: Any = structlog.get_logger("ledger.web")


def configure_logging(level: int = logging.INFO) -> None:
    """JSON lines on stderr, for this process. Called once by whoever starts it."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def begin() -> None:
    """Number and time a request, before anything else: even a refused form must have its number."""
    g.trace = secrets.token_hex(6)
    g.begun = time.perf_counter()


def end(response: Response) -> None:
    """Count the request and write its line."""
    route = request.url_rule.rule if request.url_rule else "unknown"
    seconds = time.perf_counter() - g.begun
    REQUESTS.labels(route, request.method if request.method in _METHODS else "other", response.status_code).inc()
    SECONDS.labels(route).observe(seconds)
    response.headers["X-Request-Id"] = g.trace
    if route not in QUIET:
        _line(route, response.status_code, seconds)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})


def _line(route: str, status: int, seconds: float) -> None:
    known = g.get("actor")
    facts = {"trace": g.get("trace", ""), "method": request.method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
    if known is not None:
        facts["actor"] = known.id
    if "refusal" in g:
        facts["refusal"] = g.refusal
    _log.info("request", **facts)


def note_refusal(code: str) -> None:
    """A refusal to count and to write into the request's line."""
    g.refusal = code
    REFUSALS.labels(code).inc()


def bug(error: Exception) -> None:
    """Log a bug once: its type and where it was raised. Its message may hold what a person typed, so it stays out."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename.rsplit('/ledger/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
    causes: list[str] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(causes) < 4:
        causes.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    _log.error("bug", trace=g.get("trace", ""), error=type(error).__name__, where=where, causes=causes)


@blueprint.get("/healthz")
@gate.everyone
def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/readyz")
@gate.everyone
def readyz() -> Response:
    """Every book's database answers and stands at this program's migration."""
    states = {}
    for slug in gate.shelf().slugs():
        try:
            states[slug] = "ready" if is_ready(gate.shelf().book(slug)) else "migration"
        except boundary.REFUSALS as error:
            states[slug] = str(boundary.refusal(error).facts.get("reason", "unavailable"))
    ready = all(state == "ready" for state in states.values())
    text = "".join(f"{slug} {state}\n" for slug, state in states.items())
    return Response(text, status=200 if ready else 503, content_type="text/plain; charset=utf-8")


@blueprint.get("/metrics")
@gate.everyone
def metrics() -> Response:
    """Prometheus figures over all workers, for this machine or a bearer of LEDGER_METRICS_TOKEN."""
    expected = os.environ.get(METRICS_TOKEN, "")
    given = gate.bearer()
    if not (expected and compare_digest(given.encode(), expected.encode())) and not _is_loopback(request.remote_addr or ""):
        raise Forbidden()
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False

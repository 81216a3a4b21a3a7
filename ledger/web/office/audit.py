"""The audit for readers who are no programmers: what was checked, the trail's head, the trial balance, and files for other programs."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from flask import Response, flash, redirect, request
from flask_babel import gettext as _

from ledger.audit import trail
from ledger.audit.checks import check
from ledger.domain.errors import InvalidInput, NotFound, RequestInFlight, Unavailable
from ledger.storage import cycles, journal_pages
from ledger.storage.journal_pages import AccountSum
from ledger.storage.unit_of_work import Unit
from ledger.usecases.export_journal import export_journal
from ledger.web import gate
from ledger.web.asking import unkeyed_request
from ledger.web.office.forms import ExportForm
from ledger.web.office.place import READERS, amount, blueprint, day, day_argument, end_of, figure, href, moment, page, today, turned
from ledger.web.office.words import COMMODITIES, FAMILIES

REPORT: Final = "checks.json"
FINDINGS_SHOWN: Final = 20
BRANCHES_SHOWN: Final = 200
CHUNK_BYTES: Final = 1 << 16
FORMATS: Final = {"hledger": "journal", "beancount": "beancount", "csv": "csv", "jsonl": "jsonl"}


@blueprint.get("/audit")
@gate.allow(*READERS)
def audit() -> Response:
    """The last report in plain words, the last signed head, and the files to take away."""
    report = _kept_report()

    def find(unit: Unit) -> tuple[list[str], tuple[int, datetime | None]]:
        return [cycle.name for cycle, _preset in reversed(cycles.all_cycles(unit))], journal_pages.unsealed(unit)

    names, waiting = gate.book().read(find)
    return page(
        "audit.html",
        title=_("核查"),
        current="audit",
        head=_head(),
        unsealed=figure(waiting[0]),
        unsealed_since=moment(waiting[1]),
        cycles=[{"value": name, "label": name} for name in names],
        report=_report_words(report) if report else None,
        formats=list(FORMATS),
    )


@blueprint.post("/audit/check")
@gate.allow(*READERS)
def run_checks() -> Response:
    """Check the whole book now and keep the report for everybody to read. It reads the ledger and writes nothing into it."""
    with _alone():
        report = check(gate.book(), now=gate.now()).document()
        _keep_report({**report, "at": gate.now().isoformat(), "by": gate.actor().login or gate.actor().id})
    flash(_("核查跑完了。"), "done")
    return redirect(href("audit"), 303)  # type: ignore[return-value]


@blueprint.post("/audit/export")
@gate.allow(*READERS)
def export() -> Response:
    """The journal as a file for another program. Who took it, and its fingerprint, are journalled before the first byte leaves."""
    form = ExportForm()
    if not form.validate() or form.format.data not in FORMATS:
        raise InvalidInput("format", "unknown")
    cycle = form.cycle.data or ""
    folder = gate.book_settings().folder / "exports"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable("disk") from error
    out = folder / f"download-{secrets.token_hex(8)}"
    try:
        asked = unkeyed_request("export", {"format": form.format.data, "cycle": cycle})
        made = export_journal(gate.book(), asked, format=form.format.data, out=out, cycle=cycle)
        file = out.open("rb")
    finally:
        out.unlink(missing_ok=True)  # it lives on for its reader alone
    name = f"{gate.book().slug}-{cycle or 'all'}-{today():%Y%m%d}.{FORMATS[form.format.data]}"
    response = Response(_chunks(file), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Length"] = str(os.fstat(file.fileno()).st_size)
    response.headers["X-Content-SHA256"] = made["sha256"]
    response.call_on_close(file.close)
    return response


@blueprint.get("/audit/balance")
@gate.allow(*READERS)
def trial_balance() -> Response:
    """Sums by account, branch by branch, of everything recorded by a day's end; each commodity adds up to nothing."""
    on, under, after = day_argument("as_of") or today(), request.args.get("under", ""), request.args.get("after", "")[:160]
    if under and not (under.endswith("/") and under.partition("/")[0] in FAMILIES and len(under) <= 160):
        raise NotFound()

    def find(unit: Unit) -> tuple[list[AccountSum], list[AccountSum]]:
        branches = journal_pages.account_tree(unit, under=under, until=end_of(on), after=after, most=BRANCHES_SHOWN + 1)
        return branches, [] if under else journal_pages.commodity_sums(unit, end_of(on))

    branches, totals = gate.book().read(lambda unit: find(unit), snapshot=True)
    shown = _whole_branches(branches)
    more = turned("trial_balance", after=shown[-1].name) if len(branches) > len(shown) else ""
    return page(
        "balance.html",
        title=_("试算平衡"),
        current="audit",
        on=on.isoformat(),
        as_of=_("截至%(day)s 24:00记下的", day=day(on)),
        rows=[_branch(one, under) for one in shown],
        totals=[_sums(one) | {"is_zero": one.balance == 0} for one in totals],
        trail=_trail_of(under),
        next=more,
        start=turned("trial_balance", after="") if after else "",
    )


# -- the report ------------------------------------------------------------------------------------------------------------------------
def _report_words(report: dict[str, Any]) -> dict[str, Any]:
    """The report with what needs looking at first."""
    rows = [_check_words(number, one) for number, one in enumerate(report["checks"], 1)]
    rows.sort(key=lambda row: row["state"] != "look")
    look = sum(row["state"] == "look" for row in rows)
    return {
        "at": moment(datetime.fromisoformat(report["at"])),
        "by": report["by"],
        "acts": figure(report["acts"]),
        "postings": figure(report["postings"]),
        "ok": len(rows) - look,
        "look": look,
        "rows": rows,
    }


def _check_words(number: int, one: dict[str, Any]) -> dict[str, Any]:
    findings = one["findings"][:FINDINGS_SHOWN]
    links = [
        {"href": href("entry", id=found["entry"]), "label": _("凭证 %(id)s", id=found["entry"][-8:])}
        for found in findings
        if found.get("entry")
    ]
    seen: dict[str, dict[str, str]] = {link["href"]: link for link in links}
    words = "；".join(found["message"] for found in findings)
    more = one["found"] - len(findings)
    return {
        "state": "look" if one["found"] else "ok",
        "no": number,
        "title": one["title"],
        "links": list(seen.values()),
        "tail": _("%(n)s处", n=figure(one["found"])) if one["found"] else _("0处例外"),
        "sub": words + (_("；另有%(n)s处", n=figure(more)) if more > 0 else ""),
    }


def _kept_report() -> dict[str, Any] | None:
    try:
        report = json.loads(_report_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) and "checks" in report else None


def _keep_report(report: dict[str, Any]) -> None:
    path = _report_path()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(report, file, ensure_ascii=False)
        draft.replace(path)
    except OSError as error:
        raise Unavailable("disk") from error


def _report_path() -> Path:
    return gate.book_settings().folder / REPORT


@contextmanager
def _alone() -> Iterator[None]:
    """One check at a time on this machine: a second asks again later. Raises RequestInFlight."""
    path = _report_path().with_suffix(".lock")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unavailable("disk") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise RequestInFlight() from error
    try:
        yield
    finally:
        os.close(handle)


def _head() -> dict[str, str] | None:
    """The last signed head in groups of four characters, or None before anything was sealed."""
    try:
        found = trail.head(gate.book())
    except NotFound:
        return None
    groups = " ".join(found.root[place : place + 4] for place in range(0, len(found.root), 4))
    return {"root": groups, "size": figure(found.size), "at": moment(datetime.fromisoformat(found.signed_at)), "key": found.key_id}


# -- sums ------------------------------------------------------------------------------------------------------------------------------
def _whole_branches(found: list[AccountSum]) -> list[AccountSum]:
    """A page ends where a branch ends: one branch may hold many commodities, each a line of its own."""
    if len(found) <= BRANCHES_SHOWN:
        return found
    cut = found[BRANCHES_SHOWN].name
    whole = [one for one in found[:BRANCHES_SHOWN] if one.name != cut]
    return whole or found[:BRANCHES_SHOWN]


def _branch(one: AccountSum, under: str) -> dict[str, Any]:
    path = under + one.name
    label = str(FAMILIES.get(one.name.rstrip("/"), "")) if not under else ""
    opens = turned("trial_balance", under=path, after="") if one.name.endswith("/") else ""
    return {"path": one.name.rstrip("/"), "label": label, "href": opens, **_sums(one)}


def _sums(one: AccountSum) -> dict[str, Any]:
    unit = one.commodity
    return {
        "commodity": COMMODITIES.get(unit, unit),
        "put_in": amount(unit, one.put_in),
        "taken_out": amount(unit, one.taken_out),
        "balance": amount(unit, one.balance),
        "postings": figure(one.postings),
    }


def _trail_of(under: str) -> list[dict[str, str]]:
    """The path above the branch that is open, each part with its address."""
    parts = [part for part in under.split("/") if part]
    return [
        {
            "name": str(FAMILIES.get(part, part)) if place == 0 else part,
            "href": turned("trial_balance", under="/".join(parts[: place + 1]) + "/", after=""),
        }
        for place, part in enumerate(parts)
    ]


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk

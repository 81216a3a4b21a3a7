"""Bringing what offices send: upload, a rehearsal to look at, writing it, and undoing a batch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from flask import Response, flash, redirect, request
from flask_babel import gettext as _

from ledger import phrases
from ledger.domain.act import instant
from ledger.domain.errors import InvalidInput, LedgerError, NotFound, UnreadableFile
from ledger.paperwork.sheets import csv_lines
from ledger.storage import batches
from ledger.storage.batches import Batch
from ledger.storage.unit_of_work import Unit
from ledger.usecases.undo_batch import undo_batch
from ledger.web import gate
from ledger.web.asking import unkeyed_request
from ledger.web.language import language
from ledger.web.office import previews, uploads
from ledger.web.office.forms import AUTO, AsOfForm, UploadForm
from ledger.web.office.place import READERS, blueprint, called, figure, href, moment, page, points, writes, yuan
from ledger.web.office.uploads import Upload
from ledger.web.office.words import CONTROLS, KINDS_OF_FILE

LISTED: Final = 100
REFUSED_SHOWN: Final = 50


@blueprint.get("/imports")
@gate.allow(*READERS)
def imports() -> Response:
    """The newest batches."""
    uploads.sweep(_folder(), gate.now())

    def find(unit: Unit) -> tuple[list[Batch], dict[str, str]]:
        found = batches.latest(unit, LISTED)
        return found, called(unit, [batch.actor for batch in found])

    found, names = gate.book().read(find)
    rows = [batch_words(batch, names) for batch in found]
    return page("imports.html", title=_("导入"), current="imports", rows=rows, may_write=writes("officer"))


@blueprint.get("/imports/new")
@gate.allow("officer")
def new_import() -> Response:
    return _upload_page(UploadForm(formdata=None))


@blueprint.post("/imports/new")
@gate.allow("officer")
@gate.takes_upload
def take_upload() -> Response:
    """Keep the file for an hour at most, find out what it holds, and rehearse the import."""
    form = UploadForm()
    if not form.validate():
        return _upload_page(form, status=422)
    try:
        upload = _bring(form)
    except LedgerError as error:
        return _upload_page(form, error=error)
    return _go(href("preview", token=upload.token))


def _bring(form: UploadForm) -> Upload:
    kind = "" if form.kind.data == AUTO else str(form.kind.data)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise InvalidInput("file", "missing")
    upload = uploads.bring(_folder(), sent.stream, name=sent.filename, by=gate.actor().id, now=gate.now())
    upload.as_of = form.as_of.data.isoformat() if form.as_of.data else ""
    upload.strict = bool(form.strict.data)
    try:
        _rehearse(upload, previews.sorts_of(upload.path, kind))
    except LedgerError:
        upload.drop()
        raise
    return upload


def _rehearse(upload: Upload, sorts: previews.Sorts) -> None:
    """Rehearse every kind of sheet that was not written yet, and keep what a page shows."""
    for kind, readings in sorts.items():
        if not upload.kinds.get(kind, {}).get("written"):
            asked = unkeyed_request(f"import_{kind}")
            upload.kinds[kind] = previews.preview(gate.book(), asked, kind, readings, upload.path, as_of=upload.as_of)
    upload.save()


@blueprint.get("/imports/new/<token>")
@gate.allow("officer")
def preview(token: str) -> Response:
    """What the file holds and what would be written. `?kind=` picks one of its kinds of sheets."""
    return _preview_page(_upload(token), request.args.get("kind", ""))


@blueprint.post("/imports/new/<token>/as-of")
@gate.allow("officer")
def set_as_of(token: str) -> Response:
    """Say the date the numbers are of, and rehearse again."""
    upload, form = _upload(token), AsOfForm()
    kind = request.form.get("kind", "")
    if not form.validate():
        return _preview_page(upload, kind, error=InvalidInput("as_of", "missing"))
    upload.as_of = form.as_of.data.isoformat()
    try:
        _rehearse(upload, _again(upload))
    except LedgerError as error:
        return _preview_page(upload, kind, error=error)
    return _go(href("preview", token=token, kind=kind))


@blueprint.post("/imports/new/<token>/<kind>")
@gate.allow("officer")
def write_import(token: str, kind: str) -> Response:
    """Write for real. Pressed twice, the second finds nothing new: imports are keyed by what they hold."""
    upload = _upload(token)
    if kind not in upload.kinds:
        raise NotFound()
    if upload.kinds[kind].get("written"):
        return _go(href("preview", token=token, kind=kind))
    try:
        _check_there(upload)
        report = previews.run(gate.book(), unkeyed_request(f"import_{kind}"), kind, upload.path, as_of=upload.as_of, strict=upload.strict)
    except LedgerError as error:
        return _preview_page(upload, kind, error=error)
    upload.kinds[kind] = {**upload.kinds[kind], **previews.results(report), "written": True}
    if all(found.get("written") for found in upload.kinds.values()):
        upload.drop_file()
        upload.save()
    else:
        _rehearse(upload, _again(upload))
    return _go(href("preview", token=token, kind=kind))


@blueprint.post("/imports/new/<token>/drop")
@gate.allow("officer")
def drop_upload(token: str) -> Response:
    """Put the file away without writing anything more."""
    _upload(token).drop()
    flash(_("这份文件已放下，没有再写什么。"), "done")
    return _go(href("imports"))


@blueprint.get("/imports/new/<token>/<kind>/returned.csv")
@gate.allow("officer")
def returned_rows(token: str, kind: str) -> Response:
    """The refused rows as a sheet to mend from: where each stands and what is wrong with it."""
    upload = _upload(token)
    if kind not in upload.kinds:
        raise NotFound()
    headers = [_("工作表"), _("行"), _("列"), _("原因"), _("代码")]
    rows = previews.sentences(upload.kinds[kind].get("rejected", []))
    lines = csv_lines(headers, [[row["sheet"], row["row"], row["column"], row["message"], row["code"]] for row in rows])
    response = Response("\ufeff" + "".join(lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="returned-{kind}.csv"'
    return response


@blueprint.get("/imports/<batch>")
@gate.allow(*READERS)
def import_batch(batch: str) -> Response:
    """One batch: its counts, its digest, and whether it was undone."""
    shown = _batch_page_values(batch)
    return page("batch.html", title=_("批次%(id)s", id=batch), current="imports", batch=shown, may_write=writes("officer"))


@blueprint.get("/imports/<batch>/undo")
@gate.allow("officer")
def show_undo(batch: str) -> Response:
    """What undoing would do, rehearsed: nothing is written yet."""
    shown = _batch_page_values(batch)
    try:
        would = undo_batch(gate.book(), replace(unkeyed_request("undo_batch", {"batch": batch}), dry=True), batch=batch)
    except LedgerError as error:
        return page("undo.html", title=_("整批撤回"), current="imports", batch=shown, would=None, error=error)
    told = {
        "reversed": figure(would["reversed"]),
        "debt": points(would["debt"]),
        "has_debt": would["debt"] > 0,
        "moves": would["reversed"] > 0,
    }
    return page("undo.html", title=_("整批撤回"), current="imports", batch=shown, would=told)


@blueprint.post("/imports/<batch>/undo")
@gate.allow("officer")
def take_undo(batch: str) -> Response:
    try:
        done = undo_batch(gate.book(), unkeyed_request("undo_batch", {"batch": batch}), batch=batch)
    except NotFound:
        raise
    except LedgerError as error:
        return page("undo.html", title=_("整批撤回"), current="imports", batch=_batch_page_values(batch), would=None, error=error)
    debt = _("，其中%(points)s分已花掉，记为欠分", points=points(done["debt"])) if done["debt"] else ""
    flash(_("%(id)s已整批撤回，冲回%(n)s笔%(debt)s。", id=batch, n=figure(done["reversed"]), debt=debt), "done")
    return _go(href("import_batch", batch=batch))


# -- what the pages are given ----------------------------------------------------------------------------------------------------------
def batch_words(batch: Batch, names: dict[str, str]) -> dict[str, Any]:
    """A batch as lists and pages show it."""
    counts = batch.counts
    control = {name: counts[name] for name in CONTROLS if name in counts}
    return {
        "id": batch.id,
        "kind": KINDS_OF_FILE.get(batch.kind, batch.kind),
        "as_of": batch.as_of,
        "at": moment(instant(batch.recorded_at)),
        "by": names.get(batch.actor, batch.actor),
        "digest": batch.file_digest,
        "href": href("import_batch", batch=batch.id),
        "read": figure(counts["read"]),
        "new": figure(counts["accepted"]),
        "unchanged": figure(counts["unchanged"]),
        "rejected": figure(counts["rejected"]),
        "control": control_words(control),
        "undone": moment(instant(batch.undone_at)) if batch.undone_at else "",
        "undo_href": href("show_undo", batch=batch.id),
    }


def control_words(control: dict[str, Any]) -> list[tuple[Any, str]]:
    """Control totals with their names; costs in yuan."""
    return [(CONTROLS.get(name, name), yuan(total) if name == "cost_fen" else figure(total)) for name, total in control.items()]


def _batch_page_values(id: str) -> dict[str, Any]:
    def find(unit: Unit) -> dict[str, Any]:
        found = batches.batch(unit, id)
        if found is None:
            raise NotFound("batch")
        return batch_words(found, called(unit, [found.actor]))

    return gate.book().read(find)


def _upload_page(form: UploadForm, *, error: LedgerError | None = None, status: int = 200) -> Response:
    return page("upload.html", title=_("导入一份表"), current="imports", form=form, error=error, status=status)


def _preview_page(upload: Upload, kind: str, *, error: LedgerError | None = None) -> Response:
    kind = kind if kind in upload.kinds else _first_open(upload)
    found = upload.kinds[kind]
    tabs = [
        {
            "label": f"{KINDS_OF_FILE[name]} ({_lines_of(one)})",
            "href": href("preview", token=upload.token, kind=name),
            "current": name == kind,
        }
        for name, one in upload.kinds.items()
    ]
    counts = found.get("counts", {})
    seen = sum(counts.values())
    controls = (
        [{"label": _("行数"), "theirs": figure(found["read"]), "ours": figure(seen), "same": seen == found["read"]}] if counts else []
    )
    return page(
        "preview.html",
        title=str(KINDS_OF_FILE[kind]),
        current="imports",
        error=error,
        upload=upload,
        kind=kind,
        found=found,
        shown={name: figure(count) for name, count in counts.items()},
        state=_state(found),
        tabs=tabs if len(tabs) > 1 else [],
        controls=controls,
        control=control_words(found.get("control", {})),
        tables=[_with_reasons(table) for table in found.get("tables", [])],
        rejected=previews.sentences(found.get("rejected", [])[:REFUSED_SHOWN]),
        rejected_href=_rejected_href(upload, kind, found),
        takes_as_of=kind in previews.TAKES_AS_OF,
        more=max(0, counts.get("rejected", 0) - REFUSED_SHOWN),
        open_kinds=[name for name, one in upload.kinds.items() if name != kind and not one.get("written")],
        kinds=KINDS_OF_FILE,
    )


def _first_open(upload: Upload) -> str:
    return next((kind for kind, found in upload.kinds.items() if not found.get("written")), next(iter(upload.kinds)))


def _lines_of(found: dict[str, Any]) -> str:
    return figure(sum(sheet["read"] for sheet in found["sheets"]))


def _state(found: dict[str, Any]) -> str:
    if found.get("written"):
        return "done" if found["batch"] else "nothing"
    if found.get("needs_as_of"):
        return "asking"
    return "ready" if found["counts"]["new"] else "nothing"


def _rejected_href(upload: Upload, kind: str, found: dict[str, Any]) -> str:
    return href("returned_rows", token=upload.token, kind=kind) if found.get("rejected") else ""


def _with_reasons(table: dict[str, Any]) -> dict[str, Any]:
    """A table of the preview with the sentence beside each bad cell."""
    headers = [column["found"] for column in table["columns"]]
    rows = [
        {
            "no": row["no"],
            "cells": [
                {"value": cell["value"], "why": phrases.row_message(cell["code"], header, language()) if cell["code"] else ""}
                for header, cell in zip(headers, row["cells"], strict=True)
            ],
        }
        for row in table["rows"]
    ]
    return {**table, "rows": rows}


def _again(upload: Upload) -> previews.Sorts:
    """The file read once more. Raises UnreadableFile when it was put away meanwhile."""
    _check_there(upload)
    kinds = list(upload.kinds)
    return previews.sorts_of(upload.path, kinds[0] if len(kinds) == 1 else "")


def _check_there(upload: Upload) -> None:
    if not upload.has_file:
        raise UnreadableFile("not_found")


def _upload(token: str) -> Upload:
    return uploads.find(_folder(), token, by=gate.actor().id, now=gate.now())


def _folder() -> Path:
    return gate.book_settings().folder / "uploads"


def _go(address: str) -> Response:
    return redirect(address, 303)  # type: ignore[return-value]

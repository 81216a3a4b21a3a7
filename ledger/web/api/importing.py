"""Bringing an office's files in, and undoing a batch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from flask_openapi3.models.file import FileStorage
from pydantic import BaseModel, Field

from ledger import phrases
from ledger.storage import batches
from ledger.storage.unit_of_work import Unit
from ledger.usecases.import_file import import_file
from ledger.usecases.undo_batch import undo_batch
from ledger.web import gate
from ledger.web.api import Body, Code, Day, Query, api_blueprint
from ledger.web.api.edge import in_points, local_iso
from ledger.web.asking import api_request
from ledger.web.language import language

blueprint = api_blueprint("api_importing", __name__, tag="导入")


class KindPath(BaseModel):
    kind: Literal["areas", "people", "stations", "goods", "activities", "attendance", "opening"]


class ImportForm(BaseModel):
    file: FileStorage
    as_of: Day | None = None
    strict: bool = False
    dry_run: bool = False


class RejectedRow(BaseModel):
    sheet: str
    row: int
    column: str
    code: str
    message: str


class ImportAnswer(BaseModel):
    batch: str | None
    kind: str
    read: int
    accepted: int
    unchanged: int
    rejected: list[RejectedRow]
    control: dict[str, int | float]


class BatchPath(BaseModel):
    batch: Code


class UndoBody(Body):
    strict: bool = False


class UndoAnswer(BaseModel):
    batch: str
    reversed: int
    debt: int | float


class BatchesQuery(Query):
    limit: int = Field(default=50, ge=1, le=200)


class BatchAnswer(BaseModel):
    batch: str
    kind: str
    file_digest: str
    as_of: str
    recorded_at: str
    undone_at: str | None
    counts: dict[str, Any]


class BatchesAnswer(BaseModel):
    batches: list[BatchAnswer]


@blueprint.get("/imports", summary="导入过的批次", responses={200: BatchesAnswer})
@gate.allow("officer", "auditor")
def listed(query: BatchesQuery) -> dict[str, Any]:
    """The newest imports."""

    def find(unit: Unit) -> list[dict[str, Any]]:
        return [
            {
                "batch": b.id, "kind": b.kind, "file_digest": b.file_digest, "as_of": b.as_of, "recorded_at": local_iso(b.recorded_at),
                "undone_at": local_iso(b.undone_at) if b.undone_at else None, "counts": b.counts,
            }
            for b in batches.latest(unit, query.limit)
        ]  # fmt: skip

    return {"batches": gate.book().read(find)}


@blueprint.post("/imports/<string:kind>", summary="导入一份表格", responses={200: ImportAnswer})
@gate.takes_upload
@gate.allow("officer")
def bring(path: KindPath, form: ImportForm) -> dict[str, Any]:
    """Import a file of one kind. Keyed by its own rows: a second import of the same file changes nothing. The file is not kept."""
    # The rows carry their own keys, so a repeated upload changes nothing; what was refused is told again each time.
    request = replace(api_request(f"import_{path.kind}", {}), key=None, dry=form.dry_run)
    as_of = form.as_of.isoformat() if form.as_of else ""
    with _on_disk(form.file) as file:
        report = import_file(gate.book(), request, file, kind=path.kind, as_of=as_of, strict=form.strict)
    rows = [{**row, "message": phrases.row_message(row["code"], row["column"], language())} for row in report["rejected"]]
    return {name: report[name] for name in ImportAnswer.model_fields} | {"rejected": rows}


@blueprint.post("/imports/<string:batch>/undo", summary="撤销一批", responses={200: UndoAnswer})
@gate.allow("officer")
def undo(path: BatchPath, body: UndoBody) -> dict[str, Any]:
    """Reverse a batch by entries; what is spent becomes debt, or with `strict` the undo is refused."""
    request = api_request("undo_batch", {"batch": path.batch, "strict": body.strict})
    return in_points(undo_batch(gate.book(), request, batch=path.batch, strict=body.strict), "debt")


@contextmanager
def _on_disk(upload: FileStorage) -> Iterator[Path]:
    """The upload as a file that is gone afterwards, readable by nobody else."""
    with tempfile.TemporaryDirectory(prefix="ledger-import-") as folder:
        file = Path(folder) / "upload"
        upload.save(file)
        yield file

"""What is turned back while its notice hangs: its line is voided, and the rest of the quarter settles."""

from __future__ import annotations

from ledger.storage import batches
from tests.cast import REDEEMING_AT
from tests.web.api.conftest import Api, refused


def attendance_of(api: Api, masked: str, activity: str) -> str:
    came = api.get("officer", f"/activities/{activity}/attendances").json["attendances"]
    return str(next(row["attendance"] for row in came if row["name"] == masked))


def test_a_rejected_attendance_leaves_its_line_voided_and_the_quarter_settles(noticed: Api) -> None:
    attendance = attendance_of(noticed, "王*兰", "HD1")
    done = noticed.post("officer", f"/attendances/{attendance}/reject", {"reason": "当天不在"})
    assert (done.status_code, done.json["state"], done.json["points"]) == (200, "rejected", 0)
    states = {line["activity"]: line["state"] for line in noticed.get("", "/cycles/2022Q3/notice").json["lines"] if line["name"] == "王*兰"}
    assert states["清扫小广场"] == "voided"
    noticed.district.tick_at(REDEEMING_AT)
    assert noticed.district.balance("V000001").spendable == 105
    assert refused(noticed.post("stranger", f"/attendances/{attendance}/reject", {"reason": "x"})) == (403, "forbidden")


def test_an_undone_import_leaves_its_lines_voided_and_the_quarter_turns(noticed: Api) -> None:
    (batch,) = [b.id for b in noticed.book.read(lambda unit: batches.latest(unit)) if b.kind == "attendance"]
    undone = noticed.post("officer", f"/imports/{batch}/undo", {})
    assert (undone.status_code, undone.json["debt"]) == (200, 0)
    assert {line["state"] for line in noticed.get("", "/cycles/2022Q3/notice").json["lines"]} == {"voided"}
    noticed.district.tick_at(REDEEMING_AT)
    assert noticed.district.balance("V000001").spendable == 100
    assert refused(noticed.post("officer", f"/imports/{batch}/undo", {})) == (409, "batch_already_undone")

"""Seven kinds become seven statuses and two exit codes; nothing private leaves with a problem."""

from pathlib import Path

import pytest

from ledger import boundary
from ledger.domain import errors
from ledger.domain.points import PointScale
from ledger.keyring import KeyringUnreadable, SealBroken, UnknownKey

CONTRACT = {
    (422, 3): "invalid_input request_key_missing request_key_reused pass_invalid pass_expired evidence_too_low pin_wrong",
    (401, 3): "unauthenticated otp_required",
    (403, 3): "forbidden self_approval wrong_station pass_revoked pin_locked witness_required agent_not_named",
    (404, 3): "not_found",
    (409, 3): "pass_used ambiguous not_open already_checked_in overlapping_service capacity_full cap_reached insufficient_points"
    " out_of_stock limit_reached not_in_cycle cycle_closed hold_expired hold_resolved already_reversed request_in_flight "
    "objection_closed batch_already_undone desk_not_open differs",
    (429, 3): "too_many_requests",
    (503, 4): "unavailable",
}


def bare(code: str) -> errors.LedgerError:
    kinds = [errors.LedgerError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    found = next(k for k in kinds if k.code == code)
    error = found.__new__(found)
    errors.LedgerError.__init__(error)
    return error


@pytest.mark.parametrize(("pair", "code"), [(pair, code) for pair, codes in CONTRACT.items() for code in codes.split()])
def test_each_code_has_the_status_and_exit_of_the_contract(pair, code):
    assert (boundary.http_status(bare(code)), boundary.exit_code(bare(code))) == pair


@pytest.mark.parametrize("error", [KeyringUnreadable(Path("x")), SealBroken("phone"), UnknownKey("s9")])
def test_keys_that_cannot_be_read_are_an_outage(error):
    assert (boundary.http_status(error), boundary.exit_code(error)) == (503, 4)
    told = boundary.problem(error)
    assert (told["code"], told["status"]) == ("unavailable", 503)
    assert "密钥" in told["detail"]


def test_a_file_that_cannot_be_read_is_refused_with_three():
    assert boundary.exit_code(errors.UnreadableFile("not_a_table")) == 3


def test_a_bug_is_not_a_refusal():
    with pytest.raises(TypeError):
        boundary.http_status(ValueError("x"))


def test_a_problem_tells_facts_in_points_and_no_names():
    told = boundary.problem(errors.NotEnoughPoints(3600, 5050), "en", PointScale(2))
    assert told == {
        "spendable_points": 36,
        "needed_points": 50.5,
        "type": "urn:sanlian-ledger:refusal:insufficient_points",
        "title": "Not enough points",
        "status": 409,
        "detail": "14.5 points short: 36 available, 50.5 needed. Take one less, or choose within your points.",
        "code": "insufficient_points",
    }
    assert "keeper" not in boundary.problem(errors.PassAlreadyUsed("", "东苑站", "李*芳"))


def test_an_outage_says_when_to_come_back():
    assert boundary.retry_after(errors.Unavailable()) == 5
    assert boundary.retry_after(errors.TooManyRequests(600)) == 600
    assert boundary.retry_after(errors.NotFound()) is None

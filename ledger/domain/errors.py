"""Every way the ledger says no, as types that carry facts and never a sentence.

`code` is stable and public (it stands in API answers and exit messages); `kind` decides the HTTP status and the exit
code in `ledger.boundary`; `facts` fill the sentences of `ledger.phrases`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

Kind = Literal["invalid", "unauthenticated", "forbidden", "not_found", "conflict", "limited", "unavailable"]
Fact = str | int | None


class LedgerError(Exception):
    """A refusal. Raised anywhere below the edge; rolls the unit of work back and leaves nothing."""

    code: ClassVar[str] = "invalid_input"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, **facts: Fact) -> None:
        super().__init__(self.code)
        self.facts: dict[str, Fact] = facts

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.facts.items())})"


# -- what was asked makes no sense (422 / 3) ---------------------------------------------------------------------
class InvalidInput(LedgerError):
    code = "invalid_input"

    def __init__(self, field: str, reason: str = "malformed", **facts: Fact) -> None:
        super().__init__(field=field, reason=reason, **facts)


class RequestKeyMissing(LedgerError):
    code = "request_key_missing"


class RequestKeyReused(LedgerError):
    code = "request_key_reused"


class PassInvalid(LedgerError):
    code = "pass_invalid"


class PassExpired(LedgerError):
    code = "pass_expired"


class EvidenceTooLow(LedgerError):
    code = "evidence_too_low"

    def __init__(self, level: int, needed_level: int) -> None:
        super().__init__(level=level, needed_level=needed_level)


class PinWrong(LedgerError):
    code = "pin_wrong"

    def __init__(self, tries_left: int) -> None:
        super().__init__(tries_left=tries_left)


class UnreadableFile(LedgerError):
    """The whole file is refused: not a table, too large, or a needed column is missing. `reason` is an ASCII word."""

    code = "unreadable_file"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class ConfigDisagrees(LedgerError):
    """config.toml contradicts the genesis act of the book (decimals, hash, zone, currency or slug)."""

    code = "config_disagrees"

    def __init__(self, field: str, book: str, config: str) -> None:
        super().__init__(field=field, book=book, config=config)


class RowsRejected(LedgerError):
    """A strict import met a row it would reject; nothing was written."""

    code = "rows_rejected"

    def __init__(self, rejected: int) -> None:
        super().__init__(rejected=rejected)
        self.report: dict[str, object] = {}


# -- who are you (401 / 3) ----------------------------------------------------------------------------------------
class Unauthenticated(LedgerError):
    code = "unauthenticated"
    kind = "unauthenticated"


class OtpRequired(LedgerError):
    code = "otp_required"
    kind = "unauthenticated"


# -- not you (403 / 3) --------------------------------------------------------------------------------------------
class Forbidden(LedgerError):
    code = "forbidden"
    kind = "forbidden"


class SelfApproval(LedgerError):
    code = "self_approval"
    kind = "forbidden"


class WrongStation(LedgerError):
    code = "wrong_station"
    kind = "forbidden"

    def __init__(self, station: str) -> None:
        super().__init__(station=station)


class PassRevoked(LedgerError):
    code = "pass_revoked"
    kind = "forbidden"


class PinLocked(LedgerError):
    code = "pin_locked"
    kind = "forbidden"

    def __init__(self, minutes: int) -> None:
        super().__init__(minutes=minutes)


class WitnessRequired(LedgerError):
    code = "witness_required"
    kind = "forbidden"


class AgentNotNamed(LedgerError):
    code = "agent_not_named"
    kind = "forbidden"


class SecondPersonRequired(LedgerError):
    code = "second_person_required"
    kind = "forbidden"


# -- nothing there (404 / 3) --------------------------------------------------------------------------------------
class NotFound(LedgerError):
    code = "not_found"
    kind = "not_found"

    def __init__(self, what: str = "page") -> None:
        super().__init__(what=what)


# -- not now, not this (409 / 3) ----------------------------------------------------------------------------------
class Conflict(LedgerError):
    kind = "conflict"
    code = "differs"


class PassAlreadyUsed(Conflict):
    """A single-use pass was shown again. Facts say when, where and by whom, for the person at the desk."""

    code = "pass_used"

    def __init__(self, used_at: str = "", station: str = "", keeper: str = "") -> None:
        super().__init__(used_at=used_at, station=station, keeper=keeper)


class Ambiguous(Conflict):
    code = "ambiguous"

    def __init__(self, matches: int) -> None:
        super().__init__(matches=matches)


class NotOpen(Conflict):
    code = "not_open"

    def __init__(self, opens_at: str = "", starts_at: str = "", ends_at: str = "") -> None:
        super().__init__(opens_at=opens_at, starts_at=starts_at, ends_at=ends_at)


class AlreadyCheckedIn(Conflict):
    code = "already_checked_in"


class OverlappingService(Conflict):
    code = "overlapping_service"

    def __init__(self, activity: str) -> None:
        super().__init__(activity=activity)


class CapacityFull(Conflict):
    code = "capacity_full"

    def __init__(self, capacity: int) -> None:
        super().__init__(capacity=capacity)


class CapReached(Conflict):
    code = "cap_reached"


class NotEnoughPoints(Conflict):
    """Facts are in smallest steps of a point."""

    code = "insufficient_points"

    def __init__(self, spendable_points: int, needed_points: int) -> None:
        super().__init__(spendable_points=spendable_points, needed_points=needed_points)


class OutOfStock(Conflict):
    code = "out_of_stock"

    def __init__(self, sku: str, name: str, on_shelf: int) -> None:
        super().__init__(sku=sku, name=name, on_shelf=on_shelf)


class LimitReached(Conflict):
    code = "limit_reached"

    def __init__(self, sku: str, name: str, limit: int, taken: int) -> None:
        super().__init__(sku=sku, name=name, limit=limit, taken=taken)


class NotInCycle(Conflict):
    code = "not_in_cycle"


class CycleClosed(Conflict):
    code = "cycle_closed"

    def __init__(self, opens_on: str = "") -> None:
        super().__init__(opens_on=opens_on)


class IllegalStep(Conflict):
    """A cycle may not jump from one state to the other."""

    code = "illegal_step"

    def __init__(self, state: str, to: str) -> None:
        super().__init__(state=state, to=to)


class HoldExpired(Conflict):
    code = "hold_expired"


class HoldResolved(Conflict):
    code = "hold_resolved"

    def __init__(self, state: str, station: str = "", at: str = "") -> None:
        super().__init__(state=state, station=station, at=at)


class AlreadyReversed(Conflict):
    code = "already_reversed"


class RequestInFlight(Conflict):
    code = "request_in_flight"


class ObjectionClosed(Conflict):
    code = "objection_closed"


class BatchAlreadyUndone(Conflict):
    code = "batch_already_undone"


class BatchInUse(Conflict):
    """Other facts stand on the rows of this batch, so that it cannot be undone (or not under `--strict`)."""

    code = "batch_in_use"

    def __init__(self, count: int) -> None:
        super().__init__(count=count)


class DeskNotOpen(Conflict):
    code = "desk_not_open"


class Differs(Conflict):
    code = "differs"


class NotEmpty(Conflict):
    """A restore would overwrite a book that already holds acts."""

    code = "not_empty"


# -- too often, or not to be had now (429, 503) -------------------------------------------------------------------
class TooManyRequests(LedgerError):
    code = "too_many_requests"
    kind = "limited"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s=retry_after_s)


class Unavailable(LedgerError):
    """Database, disk or path out of reach; nothing changed as far as we know."""

    code = "unavailable"
    kind = "unavailable"

    def __init__(self, reason: str = "database", retry_after_s: int = 5) -> None:
        super().__init__(reason=reason, retry_after_s=retry_after_s)

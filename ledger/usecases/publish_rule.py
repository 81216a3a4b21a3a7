"""Publish a rule version. Published versions never change; the database refuses too."""

from __future__ import annotations

from datetime import UTC, datetime

from ledger.domain.act import Act
from ledger.domain.earning import Rule
from ledger.domain.errors import Differs
from ledger.domain.people import require
from ledger.storage import journal, service
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request, once

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)


def publish_rule(book: Book, request: Request, rule: Rule, *, valid_from: datetime) -> Answer:
    """Publish a version that holds from a moment on. Returns {rule, version}.

    Raises: Forbidden; Differs when this version exists with other content.
    """
    require(request.actor, "officer")

    def work(unit: Unit) -> Answer:
        published = publish_if_new(unit, request, rule, valid_from=valid_from)
        return {"rule": published.id, "version": published.version}

    return once(book, request, work)


def publish_if_new(unit: Unit, request: Request, rule: Rule, *, batch: str = "", valid_from: datetime = ALWAYS) -> Rule:
    """Publish the version unless it already stands with the same content."""
    known = service.rule(unit, rule.id, rule.version)
    if known is not None:
        if known != rule:
            raise Differs(rule=rule.id)
        return known
    journal.post(unit, [published_act(unit, request, rule, batch)])
    service.insert_rule(unit, rule, valid_from=valid_from, published_at=request.now, batch=batch)
    return rule


def published_act(unit: Unit, request: Request, rule: Rule, batch: str = "") -> Act:
    return request.act(
        unit.book, "rule_published", subject=rule.id, rule=rule.id, rule_version=rule.version, clause=rule.clause, batch=batch,
        facts=service.rule_facts(rule),
    )  # fmt: skip

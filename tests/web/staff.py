"""Keepers and organisers at a browser without script: the actors of the cast, signed in without the door."""

from __future__ import annotations

from typing import Any

from ledger.domain.people import Actor
from ledger.storage.unit_of_work import Unit
from ledger.usecases.open_sign_in import open_sign_in
from tests.cast import District
from tests.web.phone import Page, Phone


class Staff(Phone):
    """A browser in which one of the cast's logins is signed in."""

    def __init__(self, district: District, app: Any, actor: Actor) -> None:
        super().__init__(district, app)
        roles = tuple(grant.role for grant in actor.grants)

        def work(unit: Unit) -> str:
            return open_sign_in(unit, grantee=actor.id, person=actor.person, roles=roles, kind="web", device="", now=district.now).token

        self.client.set_cookie("ledger-main", district.book.run(work))

    def scan(self, shown: str, *, follow: bool = True) -> Page:
        """What a gun types at the desk."""
        return self.fill(self.get("/station/desk"), "code", code=shown, follow=follow)

    def fill(self, page: Page, field: str, *, follow: bool = True, **values: str) -> Page:
        """Send the first form that has this field."""
        form = next(form for form in page.forms if field in form.fields)
        return self.open(form.action, method="POST", data={**form.fields, **values}, follow=follow)

"""The office: officers, auditors and admins at a desk. Importing this module puts every page of it on its blueprint."""

from ledger.web.office import audit, cycles, goods, grid, imports, journal, objections, people, rules, today, users
from ledger.web.office.place import blueprint

__all__ = ["audit", "blueprint", "cycles", "goods", "grid", "imports", "journal", "objections", "people", "rules", "today", "users"]

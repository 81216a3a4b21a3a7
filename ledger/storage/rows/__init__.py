"""SQLModel tables and their constraints. Importing this package fills `METADATA` with every table of a book.

Times are whole microseconds since 1970 UTC in BIGINT columns and dates are `YYYY-MM-DD` text, the same on both
engines; ids are text compared byte by byte. Constraints that matter are CHECK, UNIQUE and foreign keys here.
"""

from ledger.storage.rows import access, book, cycles, goods, people, service
from ledger.storage.rows.columns import METADATA

__all__ = ["METADATA", "access", "book", "cycles", "goods", "people", "service"]

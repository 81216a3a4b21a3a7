"""What offices send, read into plain rows; and the sheets we hand out. No database here: knowing people is the importer's part."""

from ledger.paperwork.activities import ActivityRow, read_activities
from ledger.paperwork.areas import AreaRow, read_areas
from ledger.paperwork.attendance import AttendanceRow, moment_on, read_attendance
from ledger.paperwork.columns import SheetRead
from ledger.paperwork.goods import GoodsReading, GoodsRow, StockRow, read_goods
from ledger.paperwork.lines import Line, Reading
from ledger.paperwork.opening import OpeningRow, read_opening, stated_as_of
from ledger.paperwork.people import PersonRow, read_people
from ledger.paperwork.problem import Problem
from ledger.paperwork.stations import StationRow, read_stations
from ledger.paperwork.tables import digest_of

__all__ = [
    "ActivityRow", "AreaRow", "AttendanceRow", "GoodsReading", "GoodsRow", "Line", "OpeningRow", "PersonRow", "Problem", "Reading",
    "SheetRead", "StationRow", "StockRow", "digest_of", "moment_on", "read_activities", "read_areas", "read_attendance", "read_goods",
    "read_opening", "read_people", "read_stations", "stated_as_of",
]  # fmt: skip

"""Where keepers stand: the station today, the desk, the shelf, people without a phone."""

from ledger.web.station import cards, desk, home, opening, proving, shelf, undoing
from ledger.web.station.place import blueprint

__all__ = ["blueprint", "cards", "desk", "home", "opening", "proving", "shelf", "undoing"]

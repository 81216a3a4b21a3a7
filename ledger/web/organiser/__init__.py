"""Where organisers stand: their activities, who came, and the code on the screen."""

from ledger.web.organiser import approving, opening, roll, screen, today
from ledger.web.organiser.place import blueprint

__all__ = ["approving", "blueprint", "opening", "roll", "screen", "today"]

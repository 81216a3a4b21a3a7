"""A pass as a link, and the way back from whatever a camera, a scanner gun or a person typed.

A link is written in capitals, `HTTPS://HOST/Q/PASS`: a QR holds capitals in 5.5 bits a letter, and a Chinese input method lets them through
while it would swallow small ones. Guns type, so what arrives may have wide letters, lost or doubled its beginning, or come twice.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from ledger.domain.errors import PassInvalid
from ledger.passes.lettering import with_blanks
from ledger.passes.signing import PASS_CHARACTERS_MAX, PASS_CHARACTERS_MIN
from ledger.passes.spoken import is_code

REPEATS_MAX = 4

_PASS = re.compile(rf"[A-Z2-7]{{{PASS_CHARACTERS_MIN},{PASS_CHARACTERS_MAX}}}")
_GUN_MARK = re.compile(r"(?:\]Q[0-9])+")  # the symbology mark some guns are set to send before a QR
_DEFAULT_PORTS = {"http": 80, "https": 443}


def url_of(public_url: str, pass_text: str) -> str:
    """The link a QR carries.

    Args:
        public_url: scheme, host and perhaps a port, as in LEDGER_PUBLIC_URL; a path has no place in it.
        pass_text: a pass or a spoken code.
    Raises: ValueError for a public_url of another shape.
    """
    scheme, host = _origin(public_url)
    return f"{scheme}://{host}/Q/{pass_text}".upper()


def pass_in(text: str, public_origins: tuple[str, ...]) -> str:
    """Find the one pass or spoken code in what was scanned or typed.

    Args:
        public_origins: every public_url under which this book's links were printed.
    Returns: the pass or the code, in capitals; it is not yet known to be genuine.
    Raises: PassInvalid when there is none, when there are two different ones, or when the link leads to somebody else's door.
    """
    typed = _GUN_MARK.sub(" ", with_blanks(text))
    found = {unit for piece in _prefixes(public_origins).split(typed) for unit in _units(piece)}
    if len(found) != 1:
        raise PassInvalid
    return found.pop()


def _units(piece: str) -> set[str]:
    """The readings in what stands between two prefixes: one spoken code, grouped in any way, or passes."""
    bare = piece.replace(" ", "").replace("-", "")
    for repeats in range(1, REPEATS_MAX + 1):
        unit = bare[: len(bare) // repeats]
        if unit * repeats == bare and is_code(unit):
            return {unit}
    return {_pass_of(word) for word in piece.split()}


def _pass_of(word: str) -> str:
    """One reading of a word that may be the same pass several times over."""
    for repeats in range(REPEATS_MAX, 0, -1):
        unit = word[: len(word) // repeats]
        if unit * repeats == word and _PASS.fullmatch(unit):
            return unit
    raise PassInvalid


@lru_cache(maxsize=64)
def _prefixes(public_origins: tuple[str, ...]) -> re.Pattern[str]:
    """Matches the beginning of our links: whole, doubled, or what is left when the first letters were lost.

    Nothing else is taken away, so whatever stands before a foreign door stays, is no pass, and is refused.
    """
    ways: list[str] = [r"/+Q/+", "/"]
    for origin in public_origins:
        scheme, host = _origin(origin)
        # A gun that loses the shift key types a semicolon for a colon.
        start, door = rf"{scheme.upper()}[:;]?/{{0,2}}", re.escape(host.upper()).replace(":", "[:;]")
        ways.append(rf"(?:{start})*{start}{door}/+Q/+")
        ways.append(rf"[:;]?/{{0,2}}{door}/+Q/+")
        ways.extend(_broken_off(f"{scheme}://{host}/Q/".upper()))
    # Longest first: a shorter way would leave letters of the prefix behind.
    return re.compile("|".join(sorted(ways, key=len, reverse=True)))


def _broken_off(prefix: str) -> Iterator[str]:
    """What is left of a prefix whose beginning was lost; never in the middle of a word, where it may be the end of a pass."""
    for lost in range(1, len(prefix)):
        yield r"(?<![A-Z0-9])" + re.escape(prefix[lost:])


def _origin(public_url: str) -> tuple[str, str]:
    parts = urlsplit(public_url)
    port = parts.port
    beyond = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or beyond:
        raise ValueError(f"a public address is scheme, host and port alone, not {public_url!r}")
    name = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
    host = f"[{name}]" if ":" in name else name
    return parts.scheme, host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"

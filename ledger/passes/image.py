"""QR pictures: drawn as SVG or PNG, and read from photographs that people send in.

A QR is black on white in every theme and on every page, at error level M.
"""

import base64
import io
from functools import lru_cache

import qrcode
import zxingcpp
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M

QUIET_MODULES = 4
PHOTO_PIXELS_MAX = 50_000_000
PHOTO_BYTES_MAX = 32 * 1024 * 1024
PHOTO_READ_SIDE_MAX = 4500  # pixels; a larger photograph is shrunk before it is searched, a phone's usual 12 MP are not
CODES_MAX = 32  # in one photograph; a sign-in sheet has ten rows and a page number

_QR_ONLY = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_PHOTO_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


def module_count(text: str, *, border: int = QUIET_MODULES) -> int:
    """Modules along one side, the quiet zone included: side in mm divided by this is the size of a module in mm."""
    return len(_matrix(text)) + 2 * border


def qr_svg(text: str, *, border: int = QUIET_MODULES, module_mm: float | None = None) -> str:
    """A QR as an `<svg>` element, for a page or a file of its own.

    Args:
        text: what it carries; a link from `url_of` stays in the small alphanumeric mode.
        module_mm: fixes width and height; by default CSS decides.
    """
    return _svg(text, border, module_mm)


def svg_bytes(text: str, *, border: int = QUIET_MODULES) -> bytes:
    """The SVG as `image/svg+xml`, for an `<img>`."""
    return _svg(text, border, None).encode()


def qr_png(text: str, *, border: int = QUIET_MODULES, module_pixels: int = 10) -> bytes:
    """A QR as a PNG, for an `<img>`: WeChat reads those by a long press, an inline SVG it does not."""
    return _png(text, border, module_pixels)


def png_data_uri(text: str, *, border: int = QUIET_MODULES, module_pixels: int = 10) -> str:
    """The PNG as a `data:` address; the page's content policy must allow `img-src data:`."""
    return "data:image/png;base64," + base64.b64encode(_png(text, border, module_pixels)).decode()


def read_photo(data: bytes) -> list[str]:
    """The texts of all QR codes in a photograph, each once, at most CODES_MAX.

    A picture that is broken, of an unknown kind, over PHOTO_BYTES_MAX or, by its header, over PHOTO_PIXELS_MAX has none.
    """
    if len(data) > PHOTO_BYTES_MAX:
        return []
    try:
        grey = _grey(data)
    except Exception:  # noqa: BLE001  # decoders of five formats fail in their own ways on bytes a stranger made
        return []
    if grey is None:
        return []
    found = zxingcpp.read_barcodes(grey, formats=_QR_ONLY)
    return list(dict.fromkeys(code.text for code in found if code.text))[:CODES_MAX]


@lru_cache(maxsize=512)
def _svg(text: str, border: int, module_mm: float | None) -> str:
    """One path with a stroke of boxes for each run of dark modules.

    The library's own SvgPathImage draws every module alone, five times as long, and gives each path the same id: ten cards on a page would
    share it.
    """
    matrix = _matrix(text)
    side = len(matrix) + 2 * border
    path = "".join(_row_path(row, y + border, border) for y, row in enumerate(matrix))
    size = "" if module_mm is None else f' width="{side * module_mm:g}mm" height="{side * module_mm:g}mm"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg"{size} viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path fill="#000" d="{path}"/></svg>'
    )


@lru_cache(maxsize=128)
def _png(text: str, border: int, module_pixels: int) -> bytes:
    matrix = _matrix(text)
    side = len(matrix) + 2 * border
    picture = Image.new("1", (side, side), 1)
    picture.putdata([0 if dark else 1 for dark in _with_border(matrix, border)])
    file = io.BytesIO()
    picture.resize((side * module_pixels,) * 2, Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()


@lru_cache(maxsize=512)
def _matrix(text: str) -> tuple[tuple[bool, ...], ...]:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    code.make(fit=True)
    return tuple(tuple(bool(dark) for dark in row) for row in code.get_matrix())


def _row_path(row: tuple[bool, ...], y: int, border: int) -> str:
    path, start = "", None
    for x, dark in enumerate((*row, False)):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            path += f"M{start + border} {y}h{x - start}v1h-{x - start}z"
            start = None
    return path


def _with_border(matrix: tuple[tuple[bool, ...], ...], border: int) -> list[bool]:
    side = len(matrix) + 2 * border
    blank, edge = [False] * (side * border), [False] * border
    return blank + [dark for row in matrix for dark in (*edge, *row, *edge)] + blank


def _grey(data: bytes) -> Image.Image | None:
    with Image.open(io.BytesIO(data), formats=_PHOTO_FORMATS) as photo:
        # The header alone is read so far: a small file that claims a huge picture is turned away before it is unpacked.
        if photo.width * photo.height > PHOTO_PIXELS_MAX:
            return None
        photo.draft("L", (PHOTO_READ_SIDE_MAX, PHOTO_READ_SIDE_MAX))
        if photo.mode in ("RGB", "RGBA", "L", "LA"):
            photo.thumbnail((PHOTO_READ_SIDE_MAX, PHOTO_READ_SIDE_MAX))  # before the copies below are made of it
        grey = _on_white(photo)
    grey.thumbnail((PHOTO_READ_SIDE_MAX, PHOTO_READ_SIDE_MAX))
    return grey


def _on_white(photo: Image.Image) -> Image.Image:
    """A transparent background is paper, not ink."""
    if "A" in photo.mode or "transparency" in photo.info:
        layer = photo.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        paper.alpha_composite(layer)
        return paper.convert("L")
    return photo.convert("L")

"""The colours of static/css/tokens.css, computed again: every text a reader may meet is readable.

Ratios are the WCAG 2 formula; the table they come from is the design's colour table. Plain files only.
"""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text(encoding="utf-8")
THEMES = {
    "light": "  :root {",
    "dark": "  @media screen and (prefers-color-scheme: dark) {",
    "contrast": "  @media screen and (prefers-contrast: more) {",
    "contrast switch": '    :root[data-theme="contrast"] {',
    "print": "  @media print {",
}
GROUNDS = ("paper", "card", "sunk")
MEANINGS = ("cinnabar", "jade", "amber", "indigo", "refuse")
SOFT = {"jade-soft": "jade", "amber-soft": "amber", "indigo-soft": "indigo", "refuse-soft": "refuse"}
NORMAL_TEXT = 4.5
STRONG_TEXT = 7.0
BOUNDARY = 3.0


def theme(name: str) -> dict[str, str]:
    """Colours of one theme, by token name, as "#RRGGBB"."""
    start = TOKENS.index(THEMES[name])
    block = TOKENS[start : TOKENS.index("}", start)]
    return dict(re.findall(r"--([\w-]+): (#[0-9A-F]{6});", block))


def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def pairs() -> list[tuple[str, str, float]]:
    """(text, ground, least ratio) for every pair the components use."""
    ink = [(t, g, STRONG_TEXT if t != "ink3" else NORMAL_TEXT) for t in ("ink", "ink2", "ink3") for g in GROUNDS]
    meaning = [(t, g, NORMAL_TEXT) for t in MEANINGS for g in GROUNDS]
    soft = [(t, g, NORMAL_TEXT) for g, t in SOFT.items()] + [("ink", g, STRONG_TEXT) for g in SOFT]
    filled = [("on-cinnabar", "cinnabar", NORMAL_TEXT), ("on-cinnabar", "cinnabar-press", NORMAL_TEXT), ("paper", "ink", STRONG_TEXT)]
    borders = [(t, g, BOUNDARY) for t in ("edge", "focus") for g in GROUNDS]
    return ink + meaning + soft + filled + borders


@pytest.mark.parametrize("name", THEMES)
def test_every_pair_of_text_and_ground_is_readable(name: str) -> None:
    colours = theme(name)
    least = STRONG_TEXT if name.startswith("contrast") else 0.0
    low = {
        f"{text} on {ground}": round(ratio(colours[text], colours[ground]), 2)
        for text, ground, needed in pairs()
        if ratio(colours[text], colours[ground]) < (max(needed, least) if text not in ("edge", "focus") else needed)
    }
    assert low == {}


@pytest.mark.parametrize("name", THEMES)
def test_dark_words_stand_on_the_amber_banner_in_every_theme(name: str) -> None:
    assert ratio("#1F1B16", theme(name)["amber-fill"]) >= STRONG_TEXT


@pytest.mark.parametrize("name", THEMES)
def test_every_theme_sets_every_colour(name: str) -> None:
    fixed = {"on-amber-fill", "qr-ground"}
    assert set(theme(name)) - fixed == set(theme("light")) - fixed


def test_the_ratios_promised_in_the_colour_table_hold() -> None:
    light, dark, contrast = theme("light"), theme("dark"), theme("contrast")
    promised = [
        (light["ink"], light["paper"], 16.02),
        (dark["ink"], dark["paper"], 15.77),
        (light["cinnabar"], light["paper"], 6.21),
        (light["cinnabar"], light["sunk"], 5.54),
        (dark["cinnabar"], dark["card"], 5.51),
        (light["edge"], light["sunk"], 3.57),
        (contrast["cinnabar"], contrast["sunk"], 8.58),
    ]
    assert [round(ratio(one, other), 2) for one, other, _ in promised] == [value for _, _, value in promised]


def test_the_switch_and_the_system_give_the_same_contrast_theme() -> None:
    assert theme("contrast switch") == theme("contrast")


def test_no_component_names_a_colour_of_its_own() -> None:
    # Paper geometry is black on white by nature; everything else goes through a token.
    found = {
        f"{sheet.name}: {colour}"
        for sheet in sorted(CSS.glob("*.css"))
        if sheet.name not in ("tokens.css", "sheet.css", "print.css")
        for colour in re.findall(r"#[0-9A-Fa-f]{3,8}\b(?=[^{}]*;)|rgba?\([^)]*\)", sheet.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_a_residents_page_loads_four_stylesheets_under_thirty_kilobytes() -> None:
    layouts = CSS.parents[1] / "templates" / "layouts"
    linked = re.findall(r"(\w+\.css)", (layouts / "page.html").read_text("utf-8") + (layouts / "resident.html").read_text("utf-8"))
    assert linked == ["tokens.css", "base.css", "parts.css", "resident.css"]
    assert sum((CSS / name).stat().st_size for name in linked) <= 30_000

"""All colours and fonts of the screens, light and dark, as CSS custom properties `--ct-…` and as Mantine's theme."""

from __future__ import annotations

from typing import Any

FONTS = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",system-ui,sans-serif'
MONO = 'ui-monospace,"Cascadia Mono","DejaVu Sans Mono","Noto Sans Mono",monospace'

LIGHT = {
    # surfaces and text
    "page": "#eef1f4",
    "panel": "#ffffff",
    "panel-raised": "#ffffff",
    "line": "#d9dfe5",
    "line-strong": "#b9c3cd",
    "text": "#1b2530",
    "text-quiet": "#55626f",
    "accent": "#0b5cad",
    "accent-soft": "#e3eef9",
    "on-accent": "#ffffff",
    "shadow": "#1b253026",
    "danger": "#b3261e",
    # the ground of the map
    "ground": "#f4f6f8",
    "land": "#eef1f5",
    "outline": "#9aa8b6",
    "road-minor": "#dce1e6",
    "road": "#cbd2d9",
    "road-major": "#b9c2cb",
    "road-warm": "#e9b872",
    "road-casing": "#c98f42",
    "label": "#3d4a57",
    "label-quiet": "#5d6b78",
    "label-strong": "#17202a",
    # vehicles
    "status-moving": "#2e7d32",
    "status-stopped": "#1565c0",
    "status-offline": "#8a939c",
    "status-warning": "#ef6c00",
    "status-alarm": "#c62828",
    "casing": "#ffffff",
    "stale": "#a3abb3",
    "bubble-low": "#6aa3d8",
    "bubble-high": "#0b3f7a",
    "bubble-label": "#ffffff",
    # a day's way: solid on the road, dashed where it left the road or is inferred
    "track-on": "#0b5cad",
    "track-off": "#8a5200",
    "track-gap": "#b3145a",
    "track-ferry": "#00727d",
    "track-raw": "#717c87",
    "track-chosen": "#ffc233",
    # measured speeds, slow to fast: red to blue, told apart by colour-blind eyes (ColorBrewer RdYlBu)
    "speed-1": "#a50026",
    "speed-2": "#e34a33",
    "speed-3": "#fba35c",
    "speed-4": "#a9d5ea",
    "speed-5": "#5b9bd0",
    "speed-6": "#313695",
    "speed-casing": "#5d6b78",
}

DARK = {
    "page": "#0e1318",
    "panel": "#171e26",
    "panel-raised": "#1e2731",
    "line": "#2b3642",
    "line-strong": "#455463",
    "text": "#e4eaf0",
    "text-quiet": "#9dabb9",
    "accent": "#6fb1f2",
    "accent-soft": "#1c3450",
    "on-accent": "#0b1520",
    "shadow": "#00000080",
    "danger": "#ff8a80",
    "ground": "#141a21",
    "land": "#171e26",
    "outline": "#566575",
    "road-minor": "#252e38",
    "road": "#303b47",
    "road-major": "#3f4c5a",
    "road-warm": "#8a6a38",
    "road-casing": "#4d3c20",
    "label": "#b5c1cd",
    "label-quiet": "#8391a0",
    "label-strong": "#f1f5f9",
    "status-moving": "#66bb6a",
    "status-stopped": "#64a9f0",
    "status-offline": "#8a939c",
    "status-warning": "#ffa040",
    "status-alarm": "#ff6b60",
    "casing": "#0e1318",
    "stale": "#5b6671",
    "bubble-low": "#2f5f92",
    "bubble-high": "#8cc4ff",
    "bubble-label": "#ffffff",
    "track-on": "#6fb1f2",
    "track-off": "#e0a458",
    "track-gap": "#ff7eb6",
    "track-ferry": "#4fc3cf",
    "track-raw": "#8b98a5",
    "track-chosen": "#b98a12",
    "speed-1": "#e5383b",
    "speed-2": "#f4743b",
    "speed-3": "#fdb863",
    "speed-4": "#bfe3f2",
    "speed-5": "#74add1",
    "speed-6": "#5666d6",
    "speed-casing": "#0e1318",
}

THEMES = {"light": LIGHT, "dark": DARK}
AUTO = "auto"
"""No theme chosen: the one that the browser prefers."""

PLATE_COLOURS = {
    0: ("#e6e9ec", "#1b2530"),
    1: ("#1750a8", "#ffffff"),
    2: ("#f5c518", "#17202a"),
    3: ("#1c1c1c", "#ffffff"),
    4: ("#ffffff", "#17202a"),
    5: ("#4cae6b", "#0d1a12"),
    9: ("#e6e9ec", "#1b2530"),
    91: ("#f5d34d", "#17202a"),
    92: ("#5fb57b", "#0d1a12"),
    93: ("#c9d64a", "#17202a"),
    94: ("#7cc894", "#0d1a12"),
}
"""Ground and lettering of number plates by code of `domain.plate.PLATE_COLOURS`."""


def css() -> str:
    """Style sheet that defines every colour for both themes."""
    plates = "\n".join(
        f'[data-colour="{code}"]{{--ct-plate:{ground};--ct-plate-text:{letters}}}' for code, (ground, letters) in PLATE_COLOURS.items()
    )
    preferred = f"@media (prefers-color-scheme: dark){{{_block(f':root[data-theme={AUTO}]', DARK)}}}"
    return "\n".join((_block(":root", LIGHT), _block(':root[data-theme="dark"]', DARK), preferred, plates))


def _block(selector: str, colours: dict[str, str]) -> str:
    properties = "".join(f"--ct-{name}:{colour};" for name, colour in colours.items())
    scheme = "dark" if colours is DARK else "light"
    return f"{selector}{{{properties}--ct-fonts:{FONTS};--ct-mono:{MONO};color-scheme:{scheme}}}"


def mantine() -> dict[str, Any]:
    """Theme of Mantine: fonts, radius, compact sizes."""
    return {
        "fontFamily": FONTS,
        "headings": {"fontFamily": FONTS},
        "defaultRadius": "sm",
        "primaryColor": "blue",
        "cursorType": "pointer",
        "focusRing": "auto",
    }


def contrast(ink: str, ground: str) -> float:
    """Contrast ratio of two #rrggbb colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

"""Colours: dark, light, high contrast and the terminal's own sixteen.

Every theme spells out its ``text-*`` colours; a test computes their contrast on every ground a
screen uses, because the toolkit's derived ones fail it in light themes.
"""

from __future__ import annotations

from textual.theme import Theme

from wizard import environment
from wizard.app import machine

DARK = Theme(
    name="segwizard-dark",
    dark=True,
    primary="#7aa2d6",
    secondary="#9d8fd0",
    accent="#6fc3c9",
    success="#86c28b",
    warning="#e0b86a",
    error="#e98a80",
    foreground="#d8dce6",
    background="#14171d",
    surface="#1a1e26",
    panel="#232833",
    variables={
        "text": "#d8dce6",
        "text-muted": "#9aa3b5",
        "text-disabled": "#7d8698",
        "text-primary": "#8fb6ea",
        "text-secondary": "#b3a5e6",
        "text-accent": "#7fd3d9",
        "text-success": "#93d199",
        "text-warning": "#eac47a",
        "text-error": "#f29d94",
        "border": "#5f83b5",
        "border-blurred": "#343b4a",
        "footer-background": "#14171d",
        "footer-item-background": "#14171d",
        "footer-description-background": "#14171d",
        "footer-description-foreground": "#9aa3b5",
        "footer-key-foreground": "#8fb6ea",
        "block-cursor-background": "#283a56",
        "block-cursor-foreground": "#f2f5fa",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#252d3a",
        "block-cursor-blurred-foreground": "#d8dce6",
        "block-cursor-blurred-text-style": "none",
        "button-color-foreground": "#14171d",
        "input-selection-background": "#7aa2d6 35%",
    },
)
"""Calm slate with soft colours; the default."""

LIGHT = Theme(
    name="segwizard-light",
    dark=False,
    primary="#2f5f9e",
    secondary="#6648a8",
    accent="#0d6a73",
    success="#2a6b34",
    warning="#825100",
    error="#a82b22",
    foreground="#1f2530",
    background="#fbfaf7",
    surface="#f3f1ec",
    panel="#e9e6df",
    variables={
        "text": "#1f2530",
        "text-muted": "#555d6b",
        "text-disabled": "#666e7c",
        "text-primary": "#28558f",
        "text-secondary": "#5b3f99",
        "text-accent": "#0b5c64",
        "text-success": "#245f2d",
        "text-warning": "#734800",
        "text-error": "#9a261d",
        "border": "#2f5f9e",
        "border-blurred": "#c4c0b6",
        "footer-background": "#fbfaf7",
        "footer-item-background": "#fbfaf7",
        "footer-description-background": "#fbfaf7",
        "footer-description-foreground": "#555d6b",
        "footer-key-foreground": "#28558f",
        "block-cursor-background": "#cfdcef",
        "block-cursor-foreground": "#10151f",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#e4e6ea",
        "block-cursor-blurred-foreground": "#1f2530",
        "block-cursor-blurred-text-style": "none",
        "button-color-foreground": "#fbfaf7",
    },
)
"""Dark ink on warm paper."""

CONTRAST = Theme(
    name="high-contrast",
    dark=True,
    primary="#8ec8ff",
    secondary="#d9bfff",
    accent="#7ff4ff",
    success="#8cff98",
    warning="#ffe066",
    error="#ffb0a8",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#101010",
    variables={
        "text": "#ffffff",
        "text-muted": "#e0e0e0",
        "text-disabled": "#c4c4c4",
        "text-primary": "#a8d4ff",
        "text-secondary": "#e2ceff",
        "text-accent": "#9ff6ff",
        "text-success": "#9dffa8",
        "text-warning": "#ffe680",
        "text-error": "#ffbdb6",
        "border": "#ffffff",
        "border-blurred": "#9a9a9a",
        "footer-background": "#000000",
        "footer-item-background": "#000000",
        "footer-description-background": "#000000",
        "footer-description-foreground": "#ffffff",
        "footer-key-foreground": "#ffe680",
        "block-cursor-background": "#003366",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold underline",
        "block-cursor-blurred-background": "#3a3a3a",
        "block-cursor-blurred-foreground": "#ffffff",
        "block-cursor-blurred-text-style": "none",
        "button-color-foreground": "#000000",
    },
)
"""White on black; every text at least 7 to 1."""

ANSI = Theme(
    name="terminal-16",
    ansi=True,
    dark=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "text": "ansi_default",
        "text-muted": "ansi_default",
        "text-disabled": "ansi_default",
        "text-primary": "ansi_cyan",
        "border": "ansi_cyan",
        "border-blurred": "ansi_bright_black",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-background": "ansi_bright_black",
        "block-cursor-text-style": "bold underline",
        "block-cursor-blurred-foreground": "ansi_default",
        "block-cursor-blurred-background": "ansi_default",
        "block-cursor-blurred-text-style": "underline",
        "footer-key-foreground": "ansi_cyan",
        "button-color-foreground": "ansi_black",
    },
)
"""The terminal's own palette, for 16 colours and for people who chose theirs."""

THEMES = (DARK, LIGHT, CONTRAST, ANSI)


def first_theme() -> str:
    """The theme to start with: asked for, chosen last time, or what the terminal can show."""
    if no_colours():
        return ANSI.name
    names = {theme.name for theme in THEMES}
    for asked in (environment.variable("TEXTUAL_THEME", ""), machine.last_theme()):
        if asked in names:
            return asked
    return ANSI.name if _few_colours() else DARK.name


def no_colours() -> bool:
    """Whether the person asked for none: https://no-color.org."""
    return environment.is_given("NO_COLOR")


def _few_colours() -> bool:
    term = environment.variable("TERM", "")
    if environment.variable("COLORTERM") or "256color" in term or "direct" in term:
        return False
    return term in {"linux", "ansi", "vt100", "vt220", "xterm", "screen", "tmux", "rxvt"}

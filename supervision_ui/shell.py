"""What every page has around it: top bar, rail, language, theme, account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, dcc, html

from supervision_ui import theme
from supervision_ui.texts import LANGUAGE_NAMES, LANGUAGES
from supervision_ui.visitor import Visitor

RAIL = (("/app/monitor", "map", "nav_monitor", "monitor:use"), ("/app/explain", "explain", "nav_explain", "explain:use"))
"""Address, icon, text and right of every page that the rail leads to."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one is: the page's address, and the id and text of what the first key press skips to."""

    href: str
    skip_to: str
    skip_text: str


def may(visitor: Visitor, right: str) -> bool:
    """The visitor is logged in and has the right."""
    return visitor.principal is not None and visitor.principal.may(right)


def right_of(path: str) -> str | None:
    """The right that the page at an address needs; None: no page of the rail."""
    return next((right for href, _, _, right in RAIL if href == path), None)


def icon(name: str) -> html.Span:
    """An icon of `static/icons`, in the colour of the text around it."""
    return html.Span(className=f"ct-icon ct-icon-{name}", **{"aria-hidden": "true"})


def icon_button(button_id: str, name: str, label: str, **attributes: Any) -> html.Button:
    """A button that shows an icon and says its label."""
    return html.Button(
        icon(name), id=button_id, className="ct-icon-button", title=label, **{"aria-label": label, "type": "button"}, **attributes
    )


def shell(visitor: Visitor, place: Place, tools: list[Any], content: Any) -> dmc.MantineProvider:
    """A page in its frame.

    Args:
        visitor: language, theme and person.
        place: which page it is.
        tools: what the page puts into the top bar.
        content: the page itself.
    """
    say = visitor.texts
    return dmc.MantineProvider(
        id="theme",
        theme=theme.mantine(),
        forceColorScheme=None if visitor.theme == theme.AUTO else visitor.theme,
        defaultColorScheme="auto",
        children=html.Div(
            className="ct-shell",
            children=[
                html.A(place.skip_text, href=f"#{place.skip_to}", className="ct-skip"),
                html.Header(className="ct-top", children=[_brand(visitor), *tools, _choices(visitor)]),
                html.Nav(
                    className="ct-rail",
                    children=[
                        _rail_link(href, name, say(key), href == place.href) for href, name, key, right in RAIL if may(visitor, right)
                    ],
                    **{"aria-label": say("nav_label")},
                ),
                html.Main(content, className="ct-main"),
                dcc.Store(id="language-done"),
            ],
        ),
    )


def callbacks(app: Dash) -> None:
    """Clientside functions of `assets/fleetmap.js` that every page has."""
    call = ("fleetmap",)
    app.clientside_callback(ClientsideFunction(*call, "theme"), Output("theme", "forceColorScheme"), Input("theme-switch", "n_clicks"))
    app.clientside_callback(ClientsideFunction(*call, "language"), Output("language-done", "data"), Input("language", "value"))


def _brand(visitor: Visitor) -> html.Div:
    say = visitor.texts
    return html.Div(
        className="ct-brand",
        children=[
            html.Img(src="/static/icons/mark.svg", alt="", className="ct-mark"),
            html.Span(say("product"), className="ct-brand-name"),
            html.Span(say("tagline"), className="ct-brand-line"),
        ],
    )


def _rail_link(href: str, name: str, label: str, here: bool) -> html.A:
    current = {"aria-current": "page"} if here else {}
    return html.A([icon(name), html.Span(label)], href=href, className="ct-rail-link", **current)


def _choices(visitor: Visitor) -> html.Div:
    say = visitor.texts
    name = visitor.principal.name if visitor.principal else ""
    return html.Div(
        className="ct-choices",
        children=[
            dmc.SegmentedControl(
                id="language",
                data=[{"value": code, "label": LANGUAGE_NAMES[code]} for code in LANGUAGES],
                value=say.language,
                size="xs",
                attributes={"root": {"aria-label": say("language")}},
            ),
            icon_button("theme-switch", "theme", say("theme_switch"), n_clicks=0),
            html.Span(name, className="ct-user", title=say("user_menu")),
            icon_button("logout", "logout", say("logout"), **{"data-failed": say("logout_failed")}),
        ],
    )

"""What a page without the right shows: that it is not for this role, and where one may go instead."""

from __future__ import annotations

from typing import Any

from dash import html

from supervision_ui.shell import RAIL, Place, may, shell
from supervision_ui.visitor import visitor


def layout() -> Any:
    """The page for the present visitor."""
    who = visitor()
    say = who.texts
    role = who.principal.role if who.principal else ""
    open_pages = [html.Li(html.A(say(key), href=href)) for href, _, key, right in RAIL if may(who, right)]
    content = html.Div(
        id="forbidden",
        className="ct-forbidden",
        children=[
            html.H1(say("forbidden_title")),
            html.P(say("forbidden_text", role=say(f"role_{role}") if role else "")),
            html.Ul(open_pages) if open_pages else html.P(say("forbidden_none")),
        ],
    )
    return shell(who, Place("", "forbidden", say("skip_to_result")), [html.Span(className="ct-top-gap")], content)

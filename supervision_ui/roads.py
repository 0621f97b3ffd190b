"""Road conditions on the live map: a switch, and a panel to choose the hour, with the legend; the browser fills it."""

from __future__ import annotations

from dash import html

from supervision_ui.shell import icon, icon_button
from supervision_ui.texts import Texts


def roads_switch(say: Texts) -> html.Button:
    return html.Button(
        [icon("roads"), html.Span(say("roads_title"))],
        id="roads-switch",
        type="button",
        className="ct-button ct-roads-switch",
        title=say("roads_title"),
        **{"aria-label": say("roads_title"), "aria-pressed": "false", "aria-controls": "roads-panel"},
    )


def roads_panel(say: Texts) -> html.Section:
    return html.Section(
        id="roads-panel",
        className="ct-roads",
        hidden=True,
        children=[
            html.Header([html.H2(say("roads_title"), id="roads-heading"), icon_button("roads-close", "close", say("roads_close"))]),
            html.Div(
                id="roads-form",
                hidden=True,
                children=[
                    html.Div(
                        [
                            icon_button("roads-before", "previous", say("track_before")),
                            html.Span(id="roads-day-slot"),
                            icon_button("roads-after", "next", say("track_after")),
                        ],
                        className="ct-range",
                    ),
                    html.Select(id="roads-hour", **{"aria-label": say("roads_hour")}),
                    html.Div(
                        [_choice(say, name) for name in ("speed", "share")],
                        className="ct-switches",
                        role="radiogroup",
                        **{"aria-label": say("roads_by")},
                    ),
                    html.Div([html.Ul(id="roads-legend", className="ct-ramps"), html.P(id="roads-unit", className="ct-quiet ct-small")]),
                ],
            ),
            html.P(id="roads-note", className="ct-note", role="status"),
            html.Button(say("track_again"), id="roads-again", type="button", className="ct-button ct-again", hidden=True),
            html.Div(id="roads-told", className="ct-small", **{"aria-live": "polite"}),
        ],
        **{"aria-labelledby": "roads-heading"},
    )


def _choice(say: Texts, name: str) -> html.Label:
    return html.Label([html.Span(id=f"roads-by-{name}-slot"), say(f"roads_by_{name}")])

"""The vehicle card of the live map; the browser fills it."""

from __future__ import annotations

from typing import Any

from dash import html

from supervision_ui.shell import icon, icon_button
from supervision_ui.texts import Texts

CARD_FIELDS = ("class", "operator", "region", "terminal")


def _card_actions(say: Texts) -> html.Footer:
    return html.Footer(
        [
            html.Button([icon("centre"), say("card_centre")], id="card-centre", type="button", className="ct-button"),
            html.Button(
                [icon("follow"), say("card_follow")],
                id="card-follow",
                type="button",
                className="ct-button",
                **{"aria-pressed": "false"},
            ),
            html.Button([icon("tracks"), say("card_tracks")], id="card-tracks", type="button", className="ct-button"),
        ]
    )


def card(say: Texts) -> html.Section:
    def figure(name: str, unit: str | None) -> html.Div:
        value = [html.Span(id=f"card-{name}", className="ct-figure"), *([html.Span(say(unit), className="ct-unit")] if unit else [])]
        return html.Div([html.Dt(say(f"card_{name}")), html.Dd(value)], className="ct-figure-box")

    def line(name: str, *more: Any) -> html.Div:
        return html.Div([html.Dt(say(f"card_{name}")), html.Dd([html.Span(id=f"card-{name}"), *more])])

    return html.Section(
        id="vehicle-card",
        className="ct-card",
        hidden=True,
        children=[
            html.Header(
                [
                    html.Span(id="card-plate", className="ct-plate"),
                    html.Span(id="card-plate-colour", className="ct-quiet ct-plate-colour"),
                    html.Span([html.Span(className="ct-symbol"), html.Span(id="card-status")], className="ct-card-status"),
                    icon_button("card-close", "close", say("card_close")),
                ]
            ),
            html.Dl([figure("speed", "unit_kmh"), figure("heading", None), figure("odometer", "unit_km")], className="ct-figures"),
            html.Dl(
                [
                    html.Div(
                        [html.Dt(say("card_alarms")), html.Dd(id="card-alarms")], id="card-alarm-row", className="ct-alarm-row", hidden=True
                    ),
                    line("time", html.Span(id="card-age", className="ct-quiet ct-age")),
                    line("place"),
                    *(line(name) for name in CARD_FIELDS),
                ],
                className="ct-lines",
            ),
            _card_actions(say),
        ],
        **{"aria-label": say("card_label")},
    )

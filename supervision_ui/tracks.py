"""The tracks panel of the live map: days of a vehicle, and one of them; the browser fills it."""

from __future__ import annotations

from typing import Any

from dash import html

from supervision_ui.shell import icon, icon_button
from supervision_ui.texts import Texts

PACES = (10, 60, 300)
"""Seconds of the day that playback shows a second."""

LEGEND = ("on_road", "off_road", "gap")
TABS = ("segments", "trips", "stays", "passages")


def tracks_panel(say: Texts) -> html.Section:
    return html.Section(
        id="tracks-panel",
        className="ct-tracks",
        hidden=True,
        children=[
            _head(say),
            html.Div(
                className="ct-tracks-body",
                children=[
                    html.P(id="tracks-note", className="ct-note", role="status", hidden=True),
                    html.Button(say("track_again"), id="tracks-again", type="button", className="ct-button ct-again", hidden=True),
                    _list_view(say),
                    _day_view(say),
                ],
            ),
            _playback(say),
        ],
        **{"aria-labelledby": "tracks-title"},
    )


def _head(say: Texts) -> html.Header:
    return html.Header(
        [
            icon_button("tracks-back", "back", say("track_back")),
            html.H2(id="tracks-title", tabIndex=-1),
            html.Span(id="tracks-plate", className="ct-plate"),
            icon_button("tracks-fold", "fold", say("track_fold"), **{"aria-expanded": "true", "aria-controls": "tracks-panel"}),
            icon_button("tracks-close", "close", say("track_close")),
        ]
    )


def _list_view(say: Texts) -> html.Div:
    return html.Div(
        id="tracks-list-view",
        children=[
            html.Div(
                className="ct-range",
                children=[
                    icon_button("tracks-earlier", "previous", say("track_earlier")),
                    html.Span(id="tracks-range"),
                    icon_button("tracks-later", "next", say("track_later")),
                ],
            ),
            html.Ul(
                [*(html.Li([_swatch(kind), say(f"track_kind_{kind}")]) for kind in LEGEND), html.Li(say("track_interval_note"))],
                className="ct-legend ct-legend-bars",
            ),
            html.Ul(id="tracks-days", className="ct-days", **{"aria-label": say("track_title")}),
        ],
    )


def _day_view(say: Texts) -> html.Div:
    return html.Div(
        id="tracks-day-view",
        hidden=True,
        children=[
            html.Div(
                className="ct-range",
                children=[
                    icon_button("tracks-before", "previous", say("track_before")),
                    html.Span(say("track_day_unit")),
                    icon_button("tracks-after", "next", say("track_after")),
                ],
            ),
            _layers(say),
            html.Div(id="tracks-computed", hidden=True, children=_computed(say)),
        ],
    )


def _computed(say: Texts) -> list[Any]:
    return [
        html.Div(
            className="ct-mileage",
            children=[html.Span(id="tracks-km", className="ct-km"), html.Span(id="tracks-interval", className="ct-quiet")],
        ),
        html.Div(id="tracks-bar"),
        html.Dl(id="tracks-figures", className="ct-lines ct-day-figures"),
        html.Ul(id="tracks-flags", className="ct-flags", **{"aria-label": say("track_flags_label")}),
        html.P(id="tracks-state", className="ct-quiet ct-small"),
        html.Div(
            id="tracks-tabs",
            className="ct-tabs",
            role="tablist",
            children=[
                html.Button(
                    [say(f"track_tab_{name}"), html.Span(id=f"tracks-count-{name}", className="ct-count")],
                    id=f"tracks-tab-{name}",
                    type="button",
                    role="tab",
                    **{"aria-selected": "false", "aria-controls": "tracks-rows-panel"},
                )
                for name in TABS
            ],
        ),
        html.Div(
            html.Ul(id="tracks-rows", className="ct-rows"),
            id="tracks-rows-panel",
            role="tabpanel",
            **{"aria-label": say("track_rows_label")},
        ),
    ]


def _layers(say: Texts) -> html.Div:
    def switch(name: str, kind: str) -> html.Label:
        return html.Label([html.Span(id=f"tracks-show-{name}-slot"), _swatch(kind), say(f"track_show_{name}")])

    return html.Div([switch("raw", "raw"), switch("matched", "on_road")], className="ct-switches ct-layers")


def _swatch(kind: str) -> html.Span:
    return html.Span(className=f"ct-swatch ct-swatch-{kind}", **{"aria-hidden": "true"})


def _playback(say: Texts) -> html.Footer:
    pace = html.Select(
        [html.Option(f"×{pace}", value=str(pace)) for pace in PACES],
        id="playback-pace",
        **{"aria-label": say("track_pace")},
    )
    return html.Footer(
        id="playback",
        className="ct-playback",
        hidden=True,
        children=[
            html.Button(
                [icon("play"), icon("pause")],
                id="playback-play",
                className="ct-icon-button",
                type="button",
                title=say("track_play"),
                **{"aria-label": say("track_play"), "data-playing": "false"},
            ),
            html.Div([html.Span(id="playback-slider-slot"), html.Span(id="playback-told", className="ct-told")], className="ct-slider"),
            pace,
        ],
    )

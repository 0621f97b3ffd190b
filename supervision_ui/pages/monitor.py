"""`/app/monitor`: the live map, its list, the status strip and the vehicle card."""

from __future__ import annotations

import json
from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, dcc, html

from supervision_ui import feeds
from supervision_ui.card import card
from supervision_ui.roads import roads_panel, roads_switch
from supervision_ui.settings import ScreenSettings
from supervision_ui.shell import Place, icon, icon_button, shell
from supervision_ui.texts import Texts
from supervision_ui.tracks import tracks_panel
from supervision_ui.visitor import Visitor, visitor

PATH = "/monitor"
STATUSES = ("moving", "stopped", "offline", "warning", "alarm")


def layout(settings: ScreenSettings) -> Any:
    """The page for the present visitor."""
    who = visitor()
    place = Place(f"/app{PATH}", "vehicle-list", who.texts("skip_to_list"))
    return shell(who, place, _tools(who), _content(who, settings))


def callbacks(app: Dash) -> None:
    """Clientside functions of `assets/fleetmap.js`; no position ever passes through a callback."""
    call = ("fleetmap",)
    app.clientside_callback(
        ClientsideFunction(*call, "filter"), Output("filter-done", "data"), Input("search", "value"), Input("filter-class", "value")
    )
    app.clientside_callback(ClientsideFunction(*call, "view"), Output("view-done", "data"), Input("view", "value"))


def _tools(who: Visitor) -> list[Any]:
    say = who.texts
    return [
        html.Span(
            [html.Span(className="ct-badge-dot"), html.Span(say("connecting"), className="ct-badge-text")],
            id="live-badge",
            className="ct-badge",
            role="status",
            **{"data-state": "connecting"},
        ),
        html.Div(
            className="ct-filters",
            children=[
                dmc.TextInput(
                    id="search",
                    placeholder=say("search_plate"),
                    size="xs",
                    leftSection=icon("search"),
                    debounce=150,
                    attributes=_named(say("search_plate")),
                ),
                dmc.MultiSelect(
                    id="filter-class",
                    data=feeds.vehicle_classes(who),
                    placeholder=say("filter_class"),
                    size="xs",
                    clearable=True,
                    maxDropdownHeight=320,
                    attributes=_named(say("filter_class")),
                ),
            ],
        ),
    ]


def _named(label: str) -> dict[str, dict[str, str]]:
    return {"input": {"aria-label": label}}


def _content(who: Visitor, settings: ScreenSettings) -> html.Div:
    say = who.texts
    stores = ("selected-vehicle", "filter-done", "view-done")
    return html.Div(
        className="ct-monitor",
        children=[
            html.H1(say("nav_monitor"), className="ct-hidden"),
            _strip(say),
            html.Div(
                dmc.SegmentedControl(
                    id="view",
                    data=[{"value": name, "label": say(f"view_{name}")} for name in ("map", "list")],
                    value="map",
                    fullWidth=True,
                    size="sm",
                    attributes={"root": {"aria-label": say("view_switch")}},
                ),
                className="ct-view",
            ),
            html.Div(className="ct-body", children=[_map(who, settings), _list(who)]),
            html.Div(id="announcer", className="ct-hidden", role="alert"),
            *(dcc.Store(id=name) for name in stores),
        ],
    )


def _strip(say: Texts) -> html.Div:
    tiles = [("total", say("strip_total")), ("online", say("strip_online")), *((name, say(f"status_{name}")) for name in STATUSES)]
    return html.Div(
        className="ct-strip",
        role="group",
        children=[
            *(_tile(name, label, say("strip_unit")) for name, label in tiles),
            html.Span(id="strip-time", className="ct-strip-time ct-quiet"),
        ],
        **{"aria-label": say("strip_label")},
    )


def _tile(name: str, label: str, unit: str) -> html.Button:
    symbol = [html.Span(className=f"ct-symbol ct-symbol-{name}", **{"aria-hidden": "true"})] if name in STATUSES else []
    return html.Button(
        className="ct-tile",
        children=[
            *symbol,
            html.Span(label, className="ct-tile-label"),
            html.Span(className="ct-tile-count"),
            html.Span(unit, className="ct-tile-unit"),
        ],
        **{"type": "button", "data-status": name, "aria-pressed": str(name == "total").lower()},
    )


def _map(who: Visitor, settings: ScreenSettings) -> html.Section:
    say = who.texts
    config = json.dumps(feeds.map_config(who, settings))
    words = json.dumps(feeds.map_words(who), ensure_ascii=False)
    return html.Section(
        className="ct-map",
        children=[
            html.Div(id="fleet-map", className="ct-map-canvas", **{"data-config": config, "data-words": words}),
            html.P(id="lost-banner", className="ct-banner ct-lost", role="alert", hidden=True),
            html.P(id="map-banner", className="ct-banner", role="status", hidden=True, **{"data-banner": ""}),
            roads_switch(say),
            card(say),
            tracks_panel(say),
            roads_panel(say),
            html.Div(id="map-chooser", className="ct-chooser", role="dialog", hidden=True, **{"aria-label": say("list_title")}),
        ],
        **{"aria-label": say("map_label")},
    )


def _list(who: Visitor) -> html.Section:
    say = who.texts
    return html.Section(
        id="vehicle-list",
        className="ct-list",
        tabIndex=-1,
        children=[
            html.Header(
                [
                    html.H2(say("list_title")),
                    html.Span(id="list-note", className="ct-quiet"),
                    icon_button("list-export", "download", say("list_export")),
                ]
            ),
            dag.AgGrid(
                id="vehicle-grid",
                rowData=[],
                columnDefs=_columns(say),
                defaultColDef={"sortable": True, "resizable": True, "suppressHeaderMenuButton": True},
                getRowId="params.data.key",
                columnSize="responsiveSizeToFit",
                dashGridOptions={
                    "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
                    "rowHeight": 32,
                    "headerHeight": 34,
                    "animateRows": False,
                    "localeText": feeds.grid_locale(who),
                    "suppressColumnVirtualisation": True,
                },
                style={"height": None, "width": None},
                className="ct-grid",
            ),
        ],
        **{"aria-label": say("list_title")},
    )


def _columns(say: Texts) -> list[dict[str, Any]]:
    rules = {f"ct-cell-{name}": f"params.data.code == '{name}'" for name in STATUSES}
    return [
        {
            "field": "status",
            "headerName": say("column_status"),
            "width": 92,
            "minWidth": 90,
            "cellClass": "ct-cell",
            "cellClassRules": rules,
        },
        {"field": "plate", "headerName": say("column_plate"), "width": 100, "minWidth": 92, "cellClass": "ct-cell-plate"},
        {"field": "speed", "headerName": say("column_speed"), "width": 98, "minWidth": 94, "type": "rightAligned"},
        {"field": "vehicle_class", "headerName": say("column_class"), "width": 150, "minWidth": 68, "tooltipField": "vehicle_class"},
    ]

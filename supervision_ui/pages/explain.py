"""`/app/explain`: pasted frames byte by byte; the browser asks the API and fills the result."""

from __future__ import annotations

import json
from typing import Any

from dash import html

from supervision_ui import feeds
from supervision_ui.shell import Place, shell
from supervision_ui.texts import Texts
from supervision_ui.visitor import visitor

PATH = "/explain"
RESULT = "explain-result"


def layout() -> Any:
    """The page for the present visitor."""
    who = visitor()
    say = who.texts
    config = json.dumps(feeds.explain_config(who))
    words = json.dumps(feeds.explain_words(who), ensure_ascii=False)
    content = html.Div(
        id="explain",
        className="ct-explain",
        children=[_form(say), _result(say)],
        **{"data-config": config, "data-words": words},
    )
    return shell(who, Place(f"/app{PATH}", RESULT, say("skip_to_result")), [html.Span(className="ct-top-gap")], content)


def _form(say: Texts) -> html.Form:
    return html.Form(
        id="explain-form",
        className="ct-explain-form",
        action=f"/app{PATH}",
        method="GET",
        children=[
            html.H1(say("explain_title")),
            html.P(say("explain_lead"), className="ct-quiet"),
            html.Label(say("explain_hex"), htmlFor="explain-hex"),
            html.Textarea(
                id="explain-hex",
                name="hex",
                rows="4",
                spellCheck="false",
                autoComplete="off",
                **{"aria-describedby": "explain-problem explain-hint"},
            ),
            html.P(id="explain-problem", role="alert", hidden=True, **{"data-banner": ""}),
            html.P(say("explain_hint"), id="explain-hint", className="ct-quiet"),
            _actions(say),
        ],
    )


def _actions(say: Texts) -> html.Div:
    names = feeds.terminal_profiles()
    return html.Div(
        className="ct-explain-actions",
        children=[
            html.Label(say("explain_profile"), htmlFor="explain-profile"),
            html.Select(
                id="explain-profile",
                name="profile",
                children=[html.Option(say("explain_standard") if not n else name, value=name) for n, name in enumerate(names)],
            ),
            html.Button(say("explain_submit"), id="explain-submit", type="submit", className="ct-button ct-primary"),
            html.Button(say("explain_example"), id="explain-example", type="button", className="ct-button"),
            html.Button(say("explain_clear"), id="explain-clear", type="button", className="ct-button"),
        ],
    )


def _result(say: Texts) -> html.Section:
    return html.Section(
        id=RESULT,
        className="ct-explain-result",
        tabIndex=-1,
        children=[
            html.P(say("explain_none"), id="explain-summary", className="ct-quiet", role="status"),
            html.Div(id="explain-frames"),
        ],
        **{"aria-label": say("explain_result")},
    )

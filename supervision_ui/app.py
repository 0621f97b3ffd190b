"""The screens: Dash on a FastAPI instance of its own, under /app/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dash
from dash import Dash
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Message

from domain.errors import StoreError
from supervision_ui import shell, theme
from supervision_ui.pages import explain, forbidden, login, monitor
from supervision_ui.rights import RightsLayer
from supervision_ui.settings import ScreenSettings
from supervision_ui.visitor import VisitorLayer, visitor

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
VENDOR = FOLDER / "vendor"
PREFIX = "/app/"
TITLES = {f"/app{monitor.PATH}": "title_monitor", f"/app{explain.PATH}": "title_explain"}
"""Key of a page's title by its address."""


@dataclass(frozen=True, slots=True)
class Screens:
    """The ASGI app of the screens and the hashes of its inline scripts for the Content-Security-Policy."""

    app: FastAPI
    script_hashes: tuple[str, ...]


class Console(Dash):  # type: ignore[misc]
    """Dash whose page frame carries the visitor's language, theme and colours."""

    def interpolate_index(self, **parts: Any) -> str:
        """HTML around the app."""
        who = visitor()
        chosen = "" if who.theme == theme.AUTO else f' data-mantine-color-scheme="{who.theme}"'
        return "\n".join(
            (
                "<!DOCTYPE html>",
                f'<html lang="{who.texts.language}" data-theme="{who.theme}"{chosen}>',
                "<head>",
                '<meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                f"<title>{who.texts(TITLES.get(who.path, 'title_monitor'))}</title>",
                '<link rel="icon" href="/static/icons/mark.svg" type="image/svg+xml">',
                '<link rel="stylesheet" href="/vendor/maplibre-gl/maplibre-gl.css">',
                f"<style>{theme.css()}</style>",
                parts["css"],
                "</head>",
                "<body>",
                parts["app_entry"],
                parts["config"],
                parts["scripts"],
                parts["renderer"],
                "</body>",
                "</html>",
            )
        )


async def create(settings: ScreenSettings) -> Screens:
    """Build the screens; every page is registered here, and the hashes are taken after the last callback."""
    inner = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @inner.get("/app", include_in_schema=False)
    @inner.get("/app/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse("/app/monitor", 303)

    @inner.get("/app/login", include_in_schema=False)
    async def login_page() -> HTMLResponse:
        return HTMLResponse(login.page(visitor(), settings.provider), headers={"Cache-Control": "no-store"})

    app = Console(
        "supervision_ui",
        server=inner,
        url_base_pathname=PREFIX,
        use_pages=True,
        pages_folder="",
        serve_locally=True,
        assets_folder=str(FOLDER / "assets"),
        update_title="",
        add_log_handler=False,
    )
    page = dash.register_page
    page("monitor", path=monitor.PATH, title=_titled("title_monitor"), layout=_for(monitor.PATH, lambda: monitor.layout(settings)))
    page("explain", path=explain.PATH, title=_titled("title_explain"), layout=_for(explain.PATH, explain.layout))
    app.layout = dash.page_container
    shell.callbacks(app)
    monitor.callbacks(app)
    inner.add_middleware(GZipMiddleware, minimum_size=1024)
    inner.add_middleware(RightsLayer)
    inner.add_middleware(VisitorLayer)
    await _first_request(inner)
    return Screens(inner, tuple(app.csp_hashes()))


def _titled(key: str) -> Callable[..., str]:
    return lambda **_: visitor().texts(key)


def _for(path: str, layout: Callable[[], Any]) -> Callable[..., Any]:
    """The page for those who have its right, the forbidden page for others. Strangers come no further than the login: where nobody is known
    Dash itself asks, to learn which elements there are."""
    right = shell.right_of(PREFIX.rstrip("/") + path)
    assert right is not None, path
    return lambda **_: layout() if visitor().principal is None or shell.may(visitor(), right) else forbidden.layout()


async def _first_request(app: FastAPI) -> None:
    """Ask for the root page once: Dash walks its assets and files its page callbacks, whose hashes the policy needs, only then."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "root_path": "",
    }
    scope |= {
        "path": PREFIX,
        "raw_path": PREFIX.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "server": None,
        "client": None,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            raise StoreError(f"the screens answer their first request with {message['status']}")

    await app(scope, receive, send)

"""`/app/login`: the only page for those who are not logged in; plain HTML, one small module."""

from __future__ import annotations

import json
from html import escape

from supervision_ui import theme
from supervision_ui.texts import LANGUAGE_NAMES, LANGUAGES
from supervision_ui.visitor import Visitor

_PAGE = """<!DOCTYPE html>
<html lang="{language}" data-theme="{theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="/static/icons/mark.svg" type="image/svg+xml">
<style>{colours}</style>
<link rel="stylesheet" href="/static/login.css">
<script type="module" src="/static/login.mjs"></script>
</head>
<body>
<main>
<img src="/static/icons/mark.svg" alt="" width="44" height="44">
<p class="product">{product}</p>
<p class="line">{tagline}</p>
<form id="login" data-words="{words}">
<h1>{heading}</h1>
<label for="name">{name}</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">{password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<div id="second" hidden>
<label for="code">{code}</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="8">
</div>
<p id="answer" role="alert"></p>
<button type="submit">{submit}</button>
{other}</form>
<nav>{languages}</nav>
</main>
</body>
</html>
"""


def page(visitor: Visitor, provider: str = "") -> str:
    """HTML of the login page in the visitor's language and theme; `provider` names another one that people may log in at."""
    say = visitor.texts
    words = json.dumps(say.starting("login_"), ensure_ascii=False)
    languages = "".join(_language(code, say.language) for code in LANGUAGES)
    return _PAGE.format(
        language=say.language,
        theme=visitor.theme,
        title=escape(say("title_login")),
        colours=theme.css(),
        product=escape(say("product")),
        tagline=escape(say("tagline")),
        words=escape(words),
        heading=escape(say("login_title")),
        name=escape(say("login_name")),
        password=escape(say("login_password")),
        submit=escape(say("login_submit")),
        code=escape(say("login_code")),
        other=_other(say("login_other", provider=provider)) if provider else "",
        languages=languages,
    )


def _language(code: str, present: str) -> str:
    current = ' aria-current="true"' if code == present else ""
    return f'<button type="button" data-language="{code}" lang="{code}"{current}>{LANGUAGE_NAMES[code]}</button>'


def _other(words: str) -> str:
    return f'<a id="other" href="/api/v1/session/oidc">{escape(words)}</a>\n'

"""Logging in at another provider, run over HTTP: the whole round, who is let in, and answers that do not hold."""

from __future__ import annotations

import base64
import json
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from domain.errors import RefusedError
from operations.identity_oidc import OidcError, Provider
from operations.settings import OidcSettings
from tests.api.server import RunningWeb, running

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import oidc_provider_mock

NOW_MS = 1_800_000_000_000


@pytest.fixture
def issuer() -> Iterator[str]:
    people = [oidc_provider_mock.User(sub=f"sub-{name}", claims={"preferred_username": name}) for name in ("admin", "county", "stranger")]
    people.append(oidc_provider_mock.User(sub="sub-double", claims={"preferred_username": "admin"}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with oidc_provider_mock.run_server_in_thread(user_claims=people, require_nonce=True) as server:
            yield f"http://localhost:{server.server_port}"


def _go(web: RunningWeb, client: httpx.Client, who: str, then: str = "/app/monitor?vehicle=1", **form: str) -> httpx.Response:
    """To the provider, through its form, and back; the answer of our own callback."""
    begun = client.get("/api/v1/session/oidc", params={"next": then})
    assert begun.status_code == 303
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{web.url}/api/v1/session/oidc/callback"]
    allowed = httpx.post(begun.headers["location"], data={"sub": who} | form)
    assert allowed.status_code == 302
    return client.get(allowed.headers["location"])


def _failure(answer: httpx.Response) -> str:
    assert answer.status_code == 303
    there = urlsplit(answer.headers["location"])
    assert (there.scheme, there.netloc, there.path) == ("", "", "/app/login")
    assert "cuntong_access=" not in "".join(answer.headers.get_list("set-cookie"))
    return parse_qs(there.query)["error"][0]


def test_the_round_over_the_provider(dsn: str, tmp_path: Path, issuer: str) -> None:
    """One server for all: start-up is most of the cost."""
    secret = tmp_path / "oidc.secret"
    secret.write_text("of the provider\n")
    secret.chmod(0o600)
    with running(dsn, tmp_path, {"oidc": OidcSettings(issuer, "cuntong", secret)}) as web:
        _first_login_links_and_later_ones_use_the_link(web, issuer)
        _who_has_no_account_is_told_so(web)
        _a_second_person_does_not_get_a_linked_account(web)
        _what_fails_ends_on_the_login_page(web)
        _no_open_redirect(web)
        with web.client(None) as client:
            page = client.get("/app/login", headers={"Accept-Language": "en"}).text
            assert "/api/v1/session/oidc" in page
            assert urlsplit(issuer).netloc in page


def _first_login_links_and_later_ones_use_the_link(web: RunningWeb, issuer: str) -> None:
    with web.client(None) as client:
        back = _go(web, client, "sub-county")
        assert (back.status_code, back.headers["location"]) == (303, "/app/monitor?vehicle=1")
        me = client.get("/api/v1/session/me").json()
        assert (me["name"], me["region_code"]) == ("county", "520102")
        assert client.get("/api/v1/sessions").json()["sessions"][0]["kind"] == "oidc"
    with psycopg.connect(web.dsn) as conn:
        assert conn.execute("select issuer, subject from oidc_link").fetchall() == [(issuer, "sub-county")]
        conn.execute("update account set name = 'renamed' where name = 'county'")
    with web.client(None) as client:
        assert _go(web, client, "sub-county").headers["location"] == "/app/monitor?vehicle=1"
        assert client.get("/api/v1/session/me").json()["name"] == "renamed"
    with psycopg.connect(web.dsn) as conn:
        told = conn.execute("select count(*) from audit where action = 'oidc_link.insert'").fetchone()
        assert told == (1,)
        conn.execute("update account set disabled = true where name = 'renamed'")
    with web.client(None) as client:
        assert _failure(_go(web, client, "sub-county")) == "oidc_disabled"


def _who_has_no_account_is_told_so(web: RunningWeb) -> None:
    with web.client(None) as client:
        assert _failure(_go(web, client, "sub-stranger")) == "oidc_unknown"
        assert client.get("/api/v1/session/me").status_code == 401


def _a_second_person_does_not_get_a_linked_account(web: RunningWeb) -> None:
    with web.client(None) as client:
        assert _go(web, client, "sub-admin").headers["location"].startswith("/app/monitor")
    with web.client(None) as client:
        assert _failure(_go(web, client, "sub-double")) == "oidc_unknown"


def _what_fails_ends_on_the_login_page(web: RunningWeb) -> None:
    with web.client(None) as client:
        assert _failure(_go(web, client, "sub-admin", action="deny")) == "oidc_refused"
        begun = client.get("/api/v1/session/oidc")
        back = httpx.post(begun.headers["location"], data={"sub": "sub-admin"}).headers["location"]
        with web.client(None) as other:  # the code of one browser in another: login CSRF
            assert _failure(other.get(back)) == "oidc_state"
        assert client.get(back).headers["location"] == "/app/monitor"
        assert _failure(client.get(back)) == "oidc_state"


def _no_open_redirect(web: RunningWeb) -> None:
    for then in (
        "https://evil.example/",
        "//evil.example",
        "/app//evil.example",
        "/app/\\evil.example",
        "/app/x\r\nSet-Cookie: a=b",
        "javascript:1",
    ):
        with web.client(None) as client:
            assert _go(web, client, "sub-admin", then).headers["location"] == "/app/monitor", then


def test_a_provider_that_is_away_is_told_on_the_login_page(dsn: str, tmp_path: Path) -> None:
    settings = OidcSettings("http://127.0.0.1:9", "cuntong", tmp_path / "none", timeout_s=2)
    with running(dsn, tmp_path, {"oidc": settings}) as web, web.client(None) as client:
        assert _failure(client.get("/api/v1/session/oidc")) == "oidc_away"


@dataclass
class Answers:
    """What a provider says: key it signs with, header and claims beside the good ones."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signer: RSAKey | None = None
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    url: str = ""

    def token(self) -> str:
        """The identity token."""
        good = {"iss": self.url, "aud": "cuntong", "sub": "s", "exp": NOW_MS // 1000 + 300, "iat": NOW_MS // 1000, "nonce": self.nonce}
        claims = {name: value for name, value in (good | self.claims).items() if value is not None}
        if self.header.get("alg") == "none":
            parts = (json.dumps(one).encode() for one in (self.header, claims))
            return ".".join(base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in parts) + "."
        return jwt.encode({"alg": "RS256", "kid": "one"} | self.header, claims, self.signer or self.key)


@contextmanager
def provider(answers: Answers) -> Iterator[str]:
    """A provider that says what it is told to."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys = KeySet([answers.key]).as_dict(private=False)
            metadata = {"issuer": answers.url} | {
                f"{name}": f"{answers.url}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
            }
            self._say(keys if self.path == "/jwks_uri" else metadata)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self._say({"access_token": "a", "token_type": "Bearer", "id_token": answers.token()})

        def _say(self, told: Any) -> None:
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        answers.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield answers.url
        finally:
            server.shutdown()
            thread.join()


def test_identity_tokens_that_do_not_hold_are_refused(tmp_path: Path) -> None:
    answers = Answers()
    foreign = RSAKey.generate_key(2048, {"kid": "one"})
    bad: list[dict[str, Any]] = [
        {"claims": {"nonce": "another"}}, {"claims": {"nonce": None}}, {"claims": {"aud": "others"}}, {"claims": {"aud": None}},
        {"claims": {"iss": "https://evil.example"}}, {"claims": {"exp": NOW_MS // 1000 - 120}}, {"claims": {"exp": None}},
        {"claims": {"sub": None}}, {"claims": {"sub": ""}}, {"claims": {"aud": ["cuntong", "others"], "azp": "others"}},
        {"signer": foreign}, {"header": {"alg": "none"}}, {"header": {"kid": "two"}},
    ]  # fmt: skip
    with provider(answers) as url:
        one = Provider(OidcSettings(url, "cuntong", tmp_path / "none"), b"k" * 48)
        for wrong in [*bad, {}]:
            answers.header, answers.claims, answers.signer = wrong.get("header", {}), wrong.get("claims", {}), wrong.get("signer")
            begun = one.begin("http://127.0.0.1/back", "/app/monitor", NOW_MS)
            asked = parse_qs(urlsplit(begun.url).query)
            answers.nonce = asked["nonce"][0]
            if wrong:
                with pytest.raises(OidcError) as caught:
                    one.finish(begun.kept, asked["state"][0], "code", NOW_MS)
                assert caught.value.code == "token", wrong
            else:
                assert one.finish(begun.kept, asked["state"][0], "code", NOW_MS).subject == "s"
                answers.key = answers.signer = RSAKey.generate_key(2048, {"kid": "three"})  # a provider that rolls its keys
                answers.header = {"kid": "three"}
                assert one.finish(begun.kept, asked["state"][0], "code", NOW_MS).subject == "s"
                with pytest.raises(OidcError, match="too long ago"):
                    one.finish(begun.kept, asked["state"][0], "code", NOW_MS + 700_000)
        one.close()


@pytest.mark.parametrize(
    "settings",
    [
        OidcSettings("http://sso.example", "c"),
        OidcSettings("https://sso.example"),
        OidcSettings("https://sso.example", "c", scopes=("email",)),
    ],
)
def test_settings_that_do_not_hold_are_refused_at_start(settings: OidcSettings) -> None:
    with pytest.raises(RefusedError, match=r"\[oidc\]"):
        Provider(settings, b"k" * 48)

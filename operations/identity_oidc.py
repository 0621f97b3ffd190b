"""Logging in at another provider: OpenID Connect 1.0, authorization code flow with PKCE (RFC 7636), state and nonce.

The provider's metadata and keys are asked for over HTTP and kept for an hour; an unknown key id asks again.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import jwt
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt as signed
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain.errors import RefusedError
from operations.settings import OidcSettings

KEPT_S = 3600.0
STATE_S = 600
"""So long a person may take at the provider."""
LEEWAY_S = 60
"""A provider's clock may be this much off."""

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_TYPE = "oidc"
_LOCAL = ("localhost", "127.0.0.1", "::1")


class OidcError(RefusedError):
    """The login at the provider failed.

    Args:
        code: "away" (no answer), "refused" (by the provider or the person), "state" (another browser, too late, or twice), "token" (its
            answer does not hold), "unknown" (no account here), "disabled" (the account is), "none" (no provider is configured).
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text, kind="unauthenticated")
        self.code = code


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that was begun: the provider's address to go to, and what the browser keeps meanwhile in a cookie."""

    url: str
    kept: str


@dataclass(frozen=True, slots=True)
class Proved:
    """Who came back: the provider's name for the person, the claim that names an account here (None: none), the page to go to."""

    issuer: str
    subject: str
    claim: str | None
    then: str


class Provider:
    """The provider of an installation.

    Args:
        settings: with an issuer.
        key: of the logins; signs what the browser keeps.
    Raises:
        RefusedError: the settings do not hold.
    """

    def __init__(self, settings: OidcSettings, key: bytes) -> None:
        self.settings = _checked(settings)
        self._key = hmac.digest(key, b"derived:oidc", "sha256")
        self._secret = _client_secret(settings)
        self._http = httpx.Client(timeout=settings.timeout_s, follow_redirects=False)
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    @property
    def label(self) -> str:
        """What the button says."""
        return self.settings.label or urlsplit(self.settings.issuer).netloc

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def begin(self, redirect_url: str, then: str, now_ms: int) -> Begun:
        """Send somebody to the provider. OidcError "away"."""
        endpoint = _text(self._metadata(), "authorization_endpoint")
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        url = add_params_to_uri(endpoint, [
            ("response_type", "code"), ("client_id", self.settings.client_id), ("redirect_uri", redirect_url),
            ("scope", " ".join(self.settings.scopes)), ("state", state), ("nonce", nonce),
            ("code_challenge", create_s256_code_challenge(verifier)), ("code_challenge_method", "S256"),
        ])  # fmt: skip
        said = {
            "typ": _TYPE, "state": state, "nonce": nonce, "verifier": verifier, "redirect": redirect_url, "then": then,
            "exp": now_ms // 1000 + STATE_S,
        }  # fmt: skip
        return Begun(url, jwt.encode(said, self._key, algorithm="HS256"))

    def finish(self, kept: str, state: str, code: str, now_ms: int) -> Proved:
        """Who came back from the provider, with the code that it gave. OidcError."""
        said = self._begun(kept, state, now_ms)
        answer = self._token(said, code)
        claims = self._claims(answer, said["nonce"], now_ms)
        claim = claims.get(self.settings.claim)
        if self.settings.claim == "email" and claims.get("email_verified") is not True:
            claim = None
        return Proved(
            self.settings.issuer,
            str(claims["sub"]),
            claim if isinstance(claim, str) and claim and claim.isprintable() else None,
            said["then"],
        )

    def _begun(self, kept: str, state: str, now_ms: int) -> dict[str, str]:
        try:
            said: dict[str, Any] = jwt.decode(kept, self._key, algorithms=["HS256"], options={"verify_exp": False, "require": ["exp"]})
            good = said["typ"] == _TYPE and said["exp"] * 1000 > now_ms and hmac.compare_digest(said["state"].encode(), state.encode())
        except (jwt.InvalidTokenError, KeyError, TypeError) as error:
            raise OidcError("state", "the login was not begun in this browser: begin again") from error
        if not good:
            raise OidcError("state", "the login was begun elsewhere or too long ago: begin again")
        return said

    def _token(self, said: dict[str, str], code: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": said["redirect"], "code_verifier": said["verifier"],
            "client_id": self.settings.client_id,
        }  # fmt: skip
        auth = (
            httpx.BasicAuth(quote(self.settings.client_id, safe=""), quote(self._secret, safe=""))
            if self._secret
            else httpx.USE_CLIENT_DEFAULT
        )
        try:
            answer = self._http.post(_text(self._metadata(), "token_endpoint"), data=form, auth=auth)
        except httpx.HTTPError as error:
            raise OidcError("away", f"the provider does not answer: {type(error).__name__}") from error
        if answer.status_code != 200:
            raise OidcError("refused", f"the provider gave no token: HTTP {answer.status_code}")
        return _object(answer, "token")

    def _claims(self, answer: dict[str, Any], nonce: str, now_ms: int) -> CodeIDToken:
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise OidcError("token", "the provider's answer holds no identity token")
        options = {
            "iss": {"essential": True, "value": self.settings.issuer}, "aud": {"essential": True, "value": self.settings.client_id},
        }  # fmt: skip
        params = {"nonce": nonce, "client_id": self.settings.client_id, "access_token": answer.get("access_token")}
        try:
            read = self._verified(token)
            claims = CodeIDToken(read.claims, read.header, options, params)
            claims.validate(now_ms // 1000, LEEWAY_S)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise OidcError("token", f"the provider's identity token does not hold: {error}") from error
        if not isinstance(claims.get("sub"), str) or not claims["sub"].isprintable() or not claims["sub"]:
            raise OidcError("token", "the provider's identity token names nobody")
        return claims

    def _verified(self, token: str) -> signed.Token:
        for fresh in (False, True):
            keys = KeySet.import_key_set(self._get(_text(self._metadata(), "jwks_uri"), "keys", fresh=fresh))  # type: ignore[arg-type]
            try:
                return signed.decode(token, keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError):
                if fresh:
                    raise
        raise OidcError("token", "no key fits")

    def _metadata(self) -> dict[str, Any]:
        issuer = self.settings.issuer
        told = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration", "metadata")
        if told.get("issuer") != issuer:
            raise OidcError("token", f"the provider calls itself {str(told.get('issuer'))[:100]!r}, not {issuer!r}: mend [oidc] issuer")
        return told

    def _get(self, url: str, what: str, *, fresh: bool = False) -> dict[str, Any]:
        with self._lock:
            kept_s, kept = self._kept.get(url, (0.0, {}))
            if kept and not fresh and time.monotonic() - kept_s < KEPT_S:
                return kept
            try:
                answer = self._http.get(url)
                answer.raise_for_status()
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise OidcError("away", f"the provider does not answer: {type(error).__name__}") from error
            told = _object(answer, what)
            self._kept[url] = (time.monotonic(), told)
            return told


def _checked(settings: OidcSettings) -> OidcSettings:
    parts = urlsplit(settings.issuer)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise RefusedError(f"[oidc] issuer {settings.issuer!r} is no https address: mend cuntong.toml", field="issuer")
    if not settings.client_id:
        raise RefusedError("[oidc] client_id is missing: register this installation at the provider", field="client_id")
    if "openid" not in settings.scopes:
        raise RefusedError("[oidc] scopes lack openid: add it", field="scopes")
    return settings


def _client_secret(settings: OidcSettings) -> str:
    path = settings.client_secret_file
    if not path.exists():
        return ""
    if path.stat().st_mode & 0o077:
        raise RefusedError(f"{path} can be read by other users: chmod 600 {path}", kind="forbidden")
    return path.read_text(encoding="utf-8").strip()


def _object(answer: httpx.Response, what: str) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError as error:
        raise OidcError("token", f"the provider's {what} is no JSON") from error
    if not isinstance(told, dict):
        raise OidcError("token", f"the provider's {what} is no JSON object")
    return told


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str):
        raise OidcError("token", f"the provider's metadata lack {name}")
    return value

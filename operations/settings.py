"""Settings of what leaves the house: jobs, exports, webhooks, feeds; frozen, read once in `runtime`, passed as arguments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class JobSettings:
    """Long work, done by the worker.

    stale_s seconds without a sign of life after which a job's worker counts as dead and the job is taken again; poll_s seconds between two
    looks for work; most_attempts times a job is begun before it counts as failed.
    """

    stale_s: float = 30.0
    poll_s: float = 1.0
    most_attempts: int = 3


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Files that people take away.

    folder of the files that jobs write; keep_days days they are kept; direct_rows rows up to which an export is answered at once;
    most_rows rows of one export.
    """

    folder: Path = Path("data/exports")
    keep_days: int = 7
    direct_rows: int = 50_000
    most_rows: int = 20_000_000


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Events sent to others.

    allow_networks networks ("10.2.0.0/16") that may be reached although they are private; without them only public addresses are.
    timeout_s seconds for one try; poll_s seconds between two looks for events; retry_h hours a delivery is tried; keep_days days
    deliveries are kept for the list; most_per_user webhooks an account.
    """

    allow_networks: tuple[str, ...] = ()
    timeout_s: float = 10.0
    poll_s: float = 1.0
    retry_h: float = 24.0
    keep_days: int = 7
    most_per_user: int = 20


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """GTFS and GTFS Realtime.

    public True gives the feeds to everybody, else they need the right feeds:read; agency_name, agency_url, lang of `agency.txt`;
    refresh_s seconds for which a feed is built once.
    """

    public: bool = False
    agency_name: str = "Cuntong"
    agency_url: str = "https://example.invalid/"
    lang: str = "zh"
    refresh_s: float = 10.0


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """Logging in at another provider (OpenID Connect 1.0, authorization code with PKCE). Off while issuer is "".

    issuer: address of the provider, which serves /.well-known/openid-configuration below it; https, except on this machine. client_id and
    client_secret_file (one line, mode 0600; no file: a public client) as registered there, with redirect_url =
    "https://our.address/api/v1/session/oidc/callback" ("": made from the request's own address). scopes asked for; claim of the identity
    token that names the account the first time ("email" counts only with email_verified); label on the button, "" for the provider's host;
    timeout_s seconds for one question to the provider.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret_file: Path = Path("data/secrets/oidc.secret")
    redirect_url: str = ""
    scopes: tuple[str, ...] = ("openid", "profile")
    claim: str = "preferred_username"
    label: str = ""
    timeout_s: float = 10.0

"""Logging in against a real database: passwords, rotation, theft, lock-out."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import psycopg
import pytest

from domain.errors import RefusedError
from operations.accounts import add_user, list_users, set_password
from operations.accounts_store import Grant, secret
from operations.identity import ACCESS_S, GRACE_S, Attempt, Identity, LockedError, Login, Principal, load_secret
from storage.sealing import Sealer, load_sealer

T0 = 1_700_000_000_000
PASSWORD = "correct horse 808"
Conn = psycopg.Connection[Any]


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return load_sealer(tmp_path / "personal.key")


@pytest.fixture
def identity(sealer: Sealer) -> Identity:
    return Identity(b"k" * 48, sealer)


def log_in(identity: Identity, conn: Conn, name: str, password: str, address: str, now_ms: int, code: str = "") -> Login:
    return identity.log_in(conn, Attempt(name, password, address, code), now_ms)


@pytest.fixture
def wang(conn: Conn) -> str:
    add_user(conn, "wang.fang", PASSWORD, Grant(region_code="520000"))
    return "wang.fang"


def test_login_names_the_person_and_the_scope(conn: Conn, identity: Identity, wang: str) -> None:
    login = log_in(identity, conn, "Wang.Fang", PASSWORD, "127.0.0.1", T0)
    assert identity.ask(conn, identity.read(login.access, T0), T0, "127.0.0.1") == login.principal
    assert (login.principal.name, login.principal.role, login.principal.region_code) == (wang, "admin", 520000)
    assert identity.alive(conn, login.principal.session_id, T0)


def test_password_is_kept_as_argon2id_only(conn: Conn, wang: str) -> None:
    (account,) = list_users(conn)
    kept = secret(conn, account.user_id)
    assert kept is not None
    assert kept.password_hash is not None
    assert kept.password_hash.startswith("$argon2id$")
    assert PASSWORD not in kept.password_hash


@pytest.mark.parametrize(("name", "password"), [("wang.fang", "wrong horse 808"), ("nobody", PASSWORD), ("", ""), ("wang.fang", "")])
def test_wrong_name_and_wrong_password_look_alike(conn: Conn, identity: Identity, wang: str, name: str, password: str) -> None:
    with pytest.raises(RefusedError, match="name or password is wrong") as caught:
        log_in(identity, conn, name, password, "127.0.0.1", T0)
    assert caught.value.kind == "unauthenticated"


def test_delay_grows_with_every_failure_and_success_forgets_it(conn: Conn, identity: Identity, wang: str) -> None:
    now, delays = T0, []
    for _ in range(8):
        with pytest.raises(RefusedError):
            log_in(identity, conn, wang, "wrong horse 808", "127.0.0.1", now)
        with pytest.raises(RefusedError) as refused:
            log_in(identity, conn, wang, "wrong horse 808", "127.0.0.1", now)
        if isinstance(refused.value, LockedError):
            delays.append(refused.value.retry_after_s)
            now += refused.value.retry_after_s * 1000
    assert delays == sorted(set(delays))
    assert delays[0] == 30
    log_in(identity, conn, wang, PASSWORD, "127.0.0.1", now)
    with pytest.raises(RefusedError, match="wrong"):
        log_in(identity, conn, wang, "wrong horse 808", "127.0.0.1", now)
    log_in(identity, conn, wang, PASSWORD, "127.0.0.1", now)


def test_right_password_does_not_open_a_locked_name(conn: Conn, identity: Identity, wang: str) -> None:
    for _ in range(5):
        with pytest.raises(RefusedError):
            log_in(identity, conn, wang, "wrong horse 808", "127.0.0.1", T0)
    with pytest.raises(LockedError) as caught:
        log_in(identity, conn, wang, PASSWORD, "127.0.0.1", T0)
    assert 0 < caught.value.retry_after_s <= 30


def test_one_address_cannot_try_many_names(conn: Conn, identity: Identity, wang: str) -> None:
    for i in range(30):
        with pytest.raises(RefusedError):
            log_in(identity, conn, f"name{i}", "wrong horse 808", "203.0.113.9", T0)
    with pytest.raises(LockedError):
        log_in(identity, conn, wang, PASSWORD, "203.0.113.9", T0)
    log_in(identity, conn, wang, PASSWORD, "203.0.113.10", T0)


def test_access_token_ends_after_fifteen_minutes(conn: Conn, identity: Identity, wang: str) -> None:
    login = log_in(identity, conn, wang, PASSWORD, "127.0.0.1", T0)
    identity.read(login.access, T0 + ACCESS_S * 1000 - 1)
    with pytest.raises(RefusedError, match="expired"):
        identity.read(login.access, T0 + ACCESS_S * 1000)


@pytest.mark.parametrize("token", ["", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."])
def test_foreign_token_is_refused(identity: Identity, token: str) -> None:
    with pytest.raises(RefusedError):
        identity.read(token, T0)


def test_token_of_another_installation_is_refused(conn: Conn, identity: Identity, wang: str, sealer: Sealer) -> None:
    login = log_in(Identity(b"x" * 48, sealer), conn, wang, PASSWORD, "127.0.0.1", T0)
    with pytest.raises(RefusedError):
        identity.read(login.access, T0)


def test_refresh_secret_rotates_and_reuse_ends_the_login(conn: Conn, identity: Identity, wang: str) -> None:
    first = log_in(identity, conn, wang, PASSWORD, "127.0.0.1", T0)
    assert first.refresh is not None
    second = identity.refresh(conn, first.refresh, T0 + 1000)
    assert second.refresh is not None
    assert second.refresh != first.refresh
    beside = identity.refresh(conn, first.refresh, T0 + 2000)  # a second tab, a moment later
    assert beside.refresh is None
    late = T0 + 2000 + GRACE_S * 1000
    with pytest.raises(RefusedError, match="came back"):
        identity.refresh(conn, first.refresh, late)
    with pytest.raises(RefusedError, match="ended"):
        identity.refresh(conn, second.refresh, late)


def test_logout_and_new_password_end_logins(conn: Conn, identity: Identity, wang: str) -> None:
    logins: list[Principal] = [log_in(identity, conn, wang, PASSWORD, "127.0.0.1", T0).principal for _ in range(2)]
    identity.log_out(conn, logins[0], T0)
    assert [identity.alive(conn, one.session_id, T0) for one in logins] == [False, True]
    set_password(conn, wang, "another horse 808", T0)
    assert not identity.alive(conn, logins[1].session_id, T0)
    log_in(identity, conn, wang, "another horse 808", "127.0.0.1", T0)


def test_short_password_and_double_name_are_refused(conn: Conn, wang: str) -> None:
    with pytest.raises(RefusedError, match="at least 10"):
        add_user(conn, "li", "short")
    with pytest.raises(RefusedError, match="already"):
        add_user(conn, "WANG.FANG", PASSWORD)


def test_secret_file_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "login.key"
    secret = load_secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_secret(path) == secret
    path.chmod(0o644)
    with pytest.raises(RefusedError, match="chmod 600"):
        load_secret(path)

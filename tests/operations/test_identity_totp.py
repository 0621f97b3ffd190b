"""The second factor against a real database: taken once, counted, asked for at login, lost and reset."""

from __future__ import annotations

from pathlib import Path

import pyotp
import pytest

from domain.errors import RefusedError
from operations.accounts import add_user
from operations.identity import Attempt, Identity, LockedError, Principal
from operations.identity_person import Conn
from operations.identity_totp import reset
from storage.pool import connect
from storage.scope import enter, service
from storage.sealing import load_sealer

T0 = 1_800_000_000_000
PASSWORD = "correct horse 808"
STEP_MS = 30_000


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    return Identity(b"k" * 48, load_sealer(tmp_path / "personal.key"))


@pytest.fixture
def wang(conn: Conn) -> Principal:
    user_id = add_user(conn, "wang.fang", PASSWORD)
    return Principal(user_id, "wang.fang", "admin", 100000, "00000000-0000-0000-0000-000000000000", T0)


def enrolled(conn: Conn, identity: Identity, who: Principal) -> pyotp.TOTP:
    made = identity.factor.enrol(conn, who, PASSWORD, T0)
    assert made.secret in made.uri
    codes = pyotp.TOTP(made.secret)
    identity.factor.confirm(conn, who, codes.at(T0 // 1000 - 60), T0 - 2 * STEP_MS)
    return codes


def test_a_code_is_taken_once_and_never_an_older_one(conn: Conn, identity: Identity, wang: Principal) -> None:
    codes = enrolled(conn, identity, wang)
    identity.second_factor(conn, wang, codes.at(T0 // 1000), T0)
    for again in (codes.at(T0 // 1000), codes.at(T0 // 1000 - 30)):
        with pytest.raises(RefusedError, match="used already"):
            identity.second_factor(conn, wang, again, T0)
    identity.second_factor(conn, wang, f" {codes.at(T0 // 1000 + 30)} ", T0)  # a clock that is one step ahead
    for far in (codes.at(T0 // 1000 + 90), codes.at(T0 // 1000 - 90), "", "12345", "１２３４５６"):
        with pytest.raises(RefusedError):
            identity.second_factor(conn, wang, far, T0)


def test_a_code_is_taken_once_by_two_requests_at_the_same_moment(dsn: str, conn: Conn, identity: Identity, wang: Principal) -> None:
    codes = enrolled(conn, identity, wang)
    conn.commit()
    with connect(dsn, "app") as first, connect(dsn, "app") as second:
        enter(first, wang.scope())
        enter(second, wang.scope())
        identity.second_factor(first, wang, codes.at(T0 // 1000), T0)
        second.execute("set local lock_timeout = '200ms'")
        with pytest.raises(Exception, match="lock timeout"):
            identity.second_factor(second, wang, codes.at(T0 // 1000), T0)
        second.rollback()
        first.commit()
        enter(second, wang.scope())
        with pytest.raises(RefusedError, match="used already"):
            identity.second_factor(second, wang, codes.at(T0 // 1000), T0)


def test_without_a_second_factor_one_is_told_what_to_do(conn: Conn, identity: Identity, wang: Principal) -> None:
    with pytest.raises(RefusedError, match="enrol one") as caught:
        identity.second_factor(conn, wang, "123456", T0)
    assert caught.value.kind == "forbidden"
    with pytest.raises(RefusedError, match="password is wrong"):  # an open screen is not enough
        identity.factor.enrol(conn, wang, "wrong horse 808", T0)
    made = identity.factor.enrol(conn, wang, PASSWORD, T0)
    with pytest.raises(RefusedError, match="enrol one"):  # not confirmed yet
        identity.second_factor(conn, wang, pyotp.TOTP(made.secret).at(T0 // 1000), T0)


def test_wrong_codes_lock_and_the_right_one_does_not_open(conn: Conn, identity: Identity, wang: Principal) -> None:
    codes = enrolled(conn, identity, wang)
    for _ in range(5):
        with pytest.raises(RefusedError, match="wrong"):
            identity.second_factor(conn, wang, "000000", T0)
    with pytest.raises(LockedError) as caught:
        identity.second_factor(conn, wang, codes.at(T0 // 1000), T0)
    later = T0 + caught.value.retry_after_s * 1000
    identity.second_factor(conn, wang, codes.at(later // 1000), later)
    told = conn.execute("select count(*) from audit where action = 'second_factor_refused'").fetchone()
    assert told == (5,)


def test_login_asks_for_the_code(conn: Conn, identity: Identity, wang: Principal) -> None:
    codes = enrolled(conn, identity, wang)
    for code, kind in (("", "second_factor"), ("000000", "second_factor")):
        with pytest.raises(RefusedError) as caught:
            identity.log_in(conn, Attempt("wang.fang", PASSWORD, "127.0.0.1", code), T0)
        assert caught.value.kind == kind
    with pytest.raises(RefusedError, match="name or password"):  # the code alone tells nothing about the password
        identity.log_in(conn, Attempt("wang.fang", "wrong horse 808", "127.0.0.1", codes.at(T0 // 1000)), T0)
    identity.log_in(conn, Attempt("wang.fang", PASSWORD, "127.0.0.1", codes.at(T0 // 1000)), T0)
    with pytest.raises(RefusedError, match="used already"):
        identity.log_in(conn, Attempt("wang.fang", PASSWORD, "127.0.0.1", codes.at(T0 // 1000)), T0)


def test_it_ends_by_password_and_code_or_by_an_administrator(conn: Conn, identity: Identity, wang: Principal) -> None:
    codes = enrolled(conn, identity, wang)
    with pytest.raises(RefusedError, match="in force"):
        identity.factor.enrol(conn, wang, PASSWORD, T0)
    with pytest.raises(RefusedError, match="password is wrong"):
        identity.factor.disable(conn, wang, "wrong horse 808", codes.at(T0 // 1000), T0)
    with pytest.raises(RefusedError, match="code is wrong"):
        identity.factor.disable(conn, wang, PASSWORD, "000000", T0)
    identity.factor.disable(conn, wang, PASSWORD, codes.at(T0 // 1000), T0)
    assert not identity.factor.in_force(conn, wang.user_id)
    enrolled(conn, identity, wang)
    reset(conn, wang.user_id)
    identity.log_in(conn, Attempt("wang.fang", PASSWORD, "127.0.0.1"), T0)


def test_the_secret_is_sealed_and_only_its_owner_reads_the_row(dsn: str, conn: Conn, identity: Identity, wang: Principal) -> None:
    made = identity.factor.enrol(conn, wang, PASSWORD, T0)
    other = add_user(conn, "li.na", PASSWORD)
    conn.commit()
    row = conn.execute("select totp_sealed from account_secret where user_id = %s", (wang.user_id,)).fetchone()
    assert row is not None
    assert made.secret.encode() not in bytes(row[0])
    seen = []
    with connect(dsn, "app") as app:
        for scope in (wang.scope(), service("login"), Principal(other, "li.na", "admin", 100000, "s", T0).scope()):
            enter(app, scope)
            seen.append({user_id for (user_id,) in app.execute("select user_id from account_secret").fetchall()})
            app.rollback()
    assert seen == [{wang.user_id}, {wang.user_id, other}, {other}]  # an administrator reads no secrets


def test_an_api_key_gives_no_second_factor(conn: Conn, identity: Identity, wang: Principal) -> None:
    key = Principal(wang.user_id, wang.name, wang.role, wang.region_code, "key:0123456789abcdef", T0)
    with pytest.raises(RefusedError, match="API key"):
        identity.second_factor(conn, key, "123456", T0)
    with pytest.raises(RefusedError, match="API key"):
        identity.factor.enrol(conn, key, PASSWORD, T0)

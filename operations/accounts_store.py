"""Tables of accounts and of what proves who somebody is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from domain.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Grant:
    """What an account may see.

    Args:
        role: of `operations.rights.ROLES`.
        region_code: GB/T 2260 root of the subtree that the person may see.
        operator_id: only this operator's; None: all.
        person_id: the person's own record (a driver's); None: none.
        unmask: may see personal data in clear.
    """

    role: str = "admin"
    region_code: str = "100000"
    operator_id: int | None = None
    person_id: int | None = None
    unmask: bool = False


@dataclass(frozen=True, slots=True)
class Account(Grant):
    """A person who may log in."""

    user_id: int = 0
    name: str = ""
    disabled: bool = False
    created_at: datetime | None = None
    changed_at: datetime | None = None

    @property
    def grant(self) -> Grant:
        """What the account may see."""
        return Grant(self.role, self.region_code, self.operator_id, self.person_id, self.unmask)


@dataclass(frozen=True, slots=True)
class Secret:
    """What proves who somebody is.

    Args:
        password_hash: argon2id; None: no password, such as of those who only come from another provider.
        totp_sealed: secret of the second factor; None: never enrolled.
        totp_confirmed_at: since when codes are asked for; None: not yet.
        totp_step: the last 30-second step whose code was taken.
    """

    password_hash: str | None
    totp_sealed: bytes | None
    totp_confirmed_at: datetime | None
    totp_step: int


def add_account(conn: psycopg.Connection[Any], name: str, password_hash: str | None, grant: Grant) -> int:
    """Insert an account; its user_id.

    Raises:
        RefusedError: conflict when the name is taken, invalid when a value does not fit, forbidden when the grant is wider than one's own.
    """
    values = _values(grant) | {"name": name, "password_hash": password_hash}
    try:
        with conn.transaction():
            row = conn.execute(
                """
                insert into account (name, role, region_code, operator_id, person_id, unmask)
                values (%(name)s, %(role)s, %(region_code)s, %(operator_id)s, %(person_id)s, %(unmask)s)
                returning user_id
                """,
                values,
            ).fetchone()
            assert row is not None
            conn.execute(
                "insert into account_secret (user_id, password_hash) values (%(user_id)s, %(password_hash)s)",
                {"user_id": row[0], "password_hash": password_hash},
            )
    except psycopg.Error as error:
        raise _refusal(error, name, grant) from error
    return int(row[0])


def change_account(conn: psycopg.Connection[Any], user_id: int, grant: Grant, disabled: bool) -> None:
    """Another grant, or another state. RefusedError as `add_account`."""
    try:
        with conn.transaction():
            done = conn.execute(
                """
                update account
                   set role = %(role)s, region_code = %(region_code)s, operator_id = %(operator_id)s, person_id = %(person_id)s,
                       unmask = %(unmask)s, disabled = %(disabled)s
                 where user_id = %(user_id)s
                """,
                _values(grant) | {"user_id": user_id, "disabled": disabled},
            )
            if not done.rowcount:
                raise RefusedError(f"no account {user_id}", kind="missing")
    except psycopg.Error as error:
        raise _refusal(error, str(user_id), grant) from error


def _values(grant: Grant) -> dict[str, Any]:
    return {
        "role": grant.role, "region_code": grant.region_code, "operator_id": grant.operator_id, "person_id": grant.person_id,
        "unmask": grant.unmask,
    }  # fmt: skip


def _refusal(error: psycopg.Error, name: str, grant: Grant) -> Exception:
    if isinstance(error, psycopg.errors.UniqueViolation):
        return RefusedError(f"there is already a user {name!r}: choose another name", field="name", kind="conflict")
    if isinstance(error, psycopg.errors.ForeignKeyViolation):
        return RefusedError(f"no operator {grant.operator_id}: register it first", field="operator_id")
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return RefusedError(f"region {grant.region_code} is wider than your own grant", field="region_code", kind="forbidden")
    if isinstance(error, psycopg.errors.CheckViolation):
        return RefusedError(f"user {name!r} with role {grant.role!r} and region {grant.region_code!r}: {error.diag.constraint_name}")
    return error


def account(conn: psycopg.Connection[Any], *, name: str | None = None, user_id: int | None = None, lock: bool = False) -> Account | None:
    """The account by name (without regard to case) or by id, for update when `lock`; None when there is none."""
    text = """
        select user_id, name, role, region_code, operator_id, person_id, unmask, disabled, created_at, changed_at
          from account
         where lower(name) = lower(%(name)s)
            or user_id = %(user_id)s
        """
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        locked = text + " for update" if lock else text
        return cursor.execute(locked.encode(), {"name": name, "user_id": user_id}).fetchone()


def accounts(conn: psycopg.Connection[Any], after: int = 0, most: int | None = None) -> list[Account]:
    """Accounts by user_id, those after `after`, at most `most` (None: all)."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            """
            select user_id, name, role, region_code, operator_id, person_id, unmask, disabled, created_at, changed_at
              from account
             where user_id > %(after)s
             order by user_id
             limit %(most)s
            """,
            {"after": after, "most": most},
        ).fetchall()


def secret(conn: psycopg.Connection[Any], user_id: int, *, lock: bool = False) -> Secret | None:
    """The account's secrets, for update when `lock`; None when there is none, or the person is another."""
    text = """
        select password_hash, totp_sealed, totp_confirmed_at, totp_step
          from account_secret
         where user_id = %(user_id)s
        """
    with conn.cursor(row_factory=class_row(Secret)) as cursor:
        locked = text + " for update" if lock else text
        return cursor.execute(locked.encode(), {"user_id": user_id}).fetchone()


def set_password_hash(conn: psycopg.Connection[Any], user_id: int, password_hash: str) -> None:
    """Replace the hash."""
    conn.execute(
        "update account_secret set password_hash = %(password_hash)s, password_at = now() where user_id = %(user_id)s",
        {"password_hash": password_hash, "user_id": user_id},
    )


def set_totp(conn: psycopg.Connection[Any], user_id: int, sealed: bytes | None, confirmed_at: datetime | None, step: int) -> None:
    """Replace the second factor: its sealed secret (None: none), since when it is asked for, and the last step taken."""
    conn.execute(
        """
        update account_secret
           set totp_sealed = %(sealed)s, totp_confirmed_at = %(confirmed_at)s, totp_step = %(step)s
         where user_id = %(user_id)s
        """,
        {"sealed": sealed, "confirmed_at": confirmed_at, "step": step, "user_id": user_id},
    )

"""Lock-out after failed logins: free tries first, then a delay that doubles with every failure."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.errors import RefusedError
from operations import identity_store as store
from operations.identity_person import Conn

FREE_FAILURES = 5
FREE_ADDRESS_FAILURES = 30
LOCK_S = 30
LOCK_MOST_S = 3600
FORGET_H = 24


class LockedError(RefusedError):
    """Too many failed logins; `retry_after_s` seconds until the next try."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many failed logins: try again in {retry_after_s} s", kind="locked")
        self.retry_after_s = retry_after_s


def by_address(address: str) -> str:
    """Subject of failed logins from an address."""
    return f"address:{address}"


def by_code(user_id: int) -> str:
    """Subject of wrong codes of a second factor."""
    return f"code:{user_id}"


def refuse_locked(conn: Conn, subjects: list[str], now: datetime) -> None:
    """LockedError while one of the subjects is locked."""
    until = store.locked_until(conn, subjects)
    if until is not None and until > now:
        raise LockedError(max(1, round((until - now).total_seconds())))


def count_failure(conn: Conn, subjects: dict[str, int], now: datetime) -> int:
    """One more failure of each subject.

    Args:
        subjects: how many failures cost nothing, by subject.
    Returns:
        Seconds of the longest lock that this began, 0 for none.
    """
    longest_s = 0
    for subject, free in subjects.items():
        failures = store.count_failure(conn, subject, now, now - timedelta(hours=FORGET_H))
        if failures >= free:
            delay_s = min(LOCK_MOST_S, LOCK_S * 2 ** min(failures - free, 10))
            store.lock(conn, subject, now + timedelta(seconds=delay_s))
            longest_s = max(longest_s, delay_s)
    return longest_s

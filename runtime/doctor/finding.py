"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. warn: it serves, but a person should see to it; fail: it does not serve, or is not safe. mend: what to do; "" for ok."""

    name: str
    state: State
    said: str
    mend: str = ""

    def line(self) -> str:
        """For people."""
        return f"{self.state:<4}  {self.name:<14} {self.said}" + (f"\n{'':22}-> {self.mend}" if self.mend else "")


def ok(name: str, said: str) -> Finding:
    """All is well."""
    return Finding(name, "ok", said)


def judged(name: str, said: str, mend: str, *, warn: bool = False, fail: bool = False) -> Finding:
    """Whatever the worst is."""
    return Finding(name, "fail" if fail else "warn", said, mend) if warn or fail else ok(name, said)

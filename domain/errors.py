"""The error tree.

```
HouseError
├── WireError       the peer's fault: bytes that break the protocol
├── RefusedError    the caller's fault: state, permission, stock, a value that does not fit
└── StoreError      ours: database, disk, log
```
"""

from __future__ import annotations


class HouseError(Exception):
    """Root of every error that this product raises on purpose."""


class WireError(HouseError):
    """A byte that breaks the protocol.

    Args:
        message: what is wrong, with the number seen.
        code: member name of the protocol's anomaly enum, such as "short_body".
        field: field of the message, "" when none.
        offset: offset of the byte in the unescaped frame, -1 when unknown.
    """

    def __init__(self, message: str, *, code: str = "bad_value", field: str = "", offset: int = -1) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.offset = offset


class RefusedError(HouseError):
    """The caller asked for what state, permission or stock does not allow.

    Args:
        message: what was refused and what to do next.
        field: the value at fault, "" when none.
        kind: "invalid", "forbidden", "missing" or "conflict".
    """

    def __init__(self, message: str, *, field: str = "", kind: str = "invalid") -> None:
        super().__init__(message)
        self.field = field
        self.kind = kind


class StoreError(HouseError):
    """Storage of our own failed.

    Args:
        message: what failed and what to do next.
        retriable: True when the same call may succeed later.
    """

    def __init__(self, message: str, *, retriable: bool = False) -> None:
        super().__init__(message)
        self.retriable = retriable

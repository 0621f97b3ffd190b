"""Drivers of a simulated vehicle: who drives when, and the card that the terminal reads (0x0702)."""

from __future__ import annotations

from protocols.jt808.messages.driver import DriverCard, DriverIdentity
from simulators.identity import Identity

SHIFT_S = 8 * 3600
_SHANGHAI_S = 8 * 3600
_NAMES = ("王建国", "李秀英", "张伟", "刘洋", "陈静", "杨帆", "赵敏", "黄磊")
_IN, _READ = 1, 0


class Crew:
    """Two drivers who take turns every eight hours; who drives is a function of vehicle and time.

    Args:
        identity: of the terminal.
    """

    def __init__(self, identity: Identity) -> None:
        digits = identity.imei[-6:]
        self._newer = identity.version == "2019"
        self.cards = tuple(
            DriverCard(
                _NAMES[(int(digits) + turn) % len(_NAMES)],
                f"52010{digits}{turn:09d}",
                "贵州省交通运输厅",
                "20301231",
                self._number(digits, turn),
            )
            for turn in range(2)
        )

    def _number(self, digits: str, turn: int) -> str | None:
        return f"520102198{turn}0101{digits[-4:]}" if self._newer else None

    @staticmethod
    def shift(t_s: int) -> int:
        """Number of the shift at an epoch second."""
        return (t_s + _SHANGHAI_S) // SHIFT_S

    def card(self, t_s: int) -> DriverCard:
        """Card of who drives."""
        return self.cards[self.shift(t_s) % len(self.cards)]

    def licence(self, t_s: int) -> str:
        """Number of the driver's licence as the recorder keeps it, 18 digits."""
        return f"5201{self.card(t_s).qualification[5:19]}"

    def identity(self, now_ms: int) -> DriverIdentity:
        """0x0702 of who drives: the card was put in when the shift began."""
        t_s = now_ms // 1000
        return DriverIdentity(_IN, (self.shift(t_s) * SHIFT_S - _SHANGHAI_S) * 1000, _READ, self.card(t_s))

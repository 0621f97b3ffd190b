"""Parameters of a simulated terminal: 0x8103 sets them, 0x8104 and 0x8106 ask for them."""

from __future__ import annotations

from functools import cache

from protocols.jt808.messages.parameters import AskNamedParameters, ParametersReply, SetParameters
from protocols.jt808.parameters import parameter
from protocols.jt808.parameters.base import Parameter
from simulators.identity import Identity

_DEFAULTS = {
    0x0001: 30, 0x0002: 10, 0x0003: 3, 0x0013: "127.0.0.1", 0x0018: 7611, 0x0020: 0, 0x0021: 0, 0x0027: 300, 0x0028: 1, 0x0029: 5,
    0x0030: 30, 0x0031: 200, 0x0040: "12328", 0x0055: 80, 0x0056: 10, 0x0057: 14_400, 0x0058: 28_800, 0x0059: 1_200, 0x0070: 5,
}  # fmt: skip
_PROVINCE, _CITY, _PLATE, _COLOUR = 0x0081, 0x0082, 0x0083, 0x0084


@cache
def _common() -> dict[int, Parameter]:
    """Parameters that every terminal begins with."""
    return {key: parameter(key, value) for key, value in _DEFAULTS.items()}


class Settings:
    """Parameters by id, as bytes, so that what nobody knows is kept too.

    Args:
        identity: gives province, city, plate and colour.
    """

    def __init__(self, identity: Identity) -> None:
        own = {_PROVINCE: identity.province, _CITY: identity.city, _PLATE: identity.plate.number, _COLOUR: identity.plate.colour}
        self._by_id: dict[int, Parameter] = _common() | {key: parameter(key, value) for key, value in own.items()}

    def take(self, message: SetParameters) -> int:
        """Set parameters; the result of the general reply: 2 where the bytes of a known one are not of its layout."""
        if any(item.layout is not None and item.value() is None for item in message.parameters):
            return 2
        for item in message.parameters:
            self._by_id[item.id] = item
        return 0

    def value(self, parameter_id: int) -> object:
        """Value of a parameter; None when it is not set."""
        found = self._by_id.get(parameter_id)
        return None if found is None else found.value()

    def all(self, serial: int) -> ParametersReply:
        """Every parameter."""
        return ParametersReply(serial, tuple(self._by_id[key] for key in sorted(self._by_id)))

    def named(self, serial: int, message: AskNamedParameters) -> ParametersReply:
        """Those of the ids that are set."""
        return ParametersReply(serial, tuple(self._by_id[key] for key in message.ids if key in self._by_id))

"""Values of parameters, commands and passed-through data under the names of the reference decoder's vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from protocols.jt808.messages import dialogue, parameters, passthrough, terminal_control, upgrade
from protocols.jt808.parameters import Parameter


def _pairs(items: tuple[Parameter, ...]) -> list[list[str]]:
    return [[f"0x{item.id:04X}", item.raw.hex()] for item in items]


def _named(*theirs: str, **names: str) -> Callable[[Any], dict[str, Any]]:
    """Values by their names there, `names` being ours to theirs; bytes in hexadecimal, `theirs` the same name on both sides."""
    pairs = {**{name: name for name in theirs}, **names}

    def values(message: Any) -> dict[str, Any]:
        found = {other: getattr(message, ours) for ours, other in pairs.items()}
        return {other: value.hex() if isinstance(value, bytes) else value for other, value in found.items()}

    return values


def _set(message: parameters.SetParameters) -> dict[str, Any]:
    return {"param_count": len(message.parameters), "params": _pairs(message.parameters)}


def _reply(message: parameters.ParametersReply) -> dict[str, Any]:
    return {"reply_serial": message.reply_serial, "param_count": len(message.parameters), "params": _pairs(message.parameters)}


def _attributes(message: parameters.Attributes) -> dict[str, Any]:
    return _named(
        "hardware_version", "firmware_version", "gnss_bits", "iccid", kind_bits="terminal_type_bits", maker="manufacturer_id",
        model="terminal_model", terminal_code="terminal_id", network_bits="comm_bits",
    )(message)  # fmt: skip


def _maker_size(message: parameters.Attributes, body: bytes) -> dict[str, Any]:
    """Bytes of the maker id: what the other fields leave."""
    texts = len(message.hardware_version.encode("gbk")) + len(message.firmware_version.encode("gbk"))
    left = len(body) - texts - 16
    return {"manufacturer_id_len": left - (27 if left < 60 else 60)}


def _rows(items: Any, **names: str) -> list[dict[str, Any]]:
    return [_named(**names)(item) for item in items or ()]


BODIES: dict[type, Callable[[Any], dict[str, Any]]] = {
    parameters.SetParameters: _set,
    parameters.ParametersReply: _reply,
    parameters.AskParameters: _named(),
    parameters.AskNamedParameters: lambda message: {"param_count": len(message.ids), "param_ids": [f"0x{n:04X}" for n in message.ids]},
    parameters.Attributes: _attributes,
    upgrade.UpgradePackage: lambda message: (
        _named("version", kind="upgrade_type", maker="manufacturer_id", package="package_hex")(message) | {"package_len": len(message.package)}
    ),
    upgrade.UpgradeResult: _named("result", kind="upgrade_type"),
    terminal_control.TerminalCommand: _named("command", parameters="command_params"),
    terminal_control.ConfirmAlarm: _named("alarm_serial", alarm_bits="alarm_type_bits"),
    terminal_control.CallBack: _named("phone", kind="flag"),
    dialogue.EventReport: _named("event_id"),
    dialogue.QuestionReply: _named("reply_serial", "answer_id"),
    dialogue.OrderInformation: _named("action", kind="info_type"),
    dialogue.SetEvents: lambda message: {"setting": message.setting, "events": _rows(message.events, event_id="id", text="content")},
    dialogue.Question: lambda message: (
        _named("flag_bits", "question")(message) | {"answers": _rows(message.answers, answer_id="id", text="content")}
    ),
    dialogue.SetMenu: lambda message: {"setting": message.setting, "items": _rows(message.items, kind="type", name="name")},
    dialogue.Information: _named(kind="info_type", text="content"),
    dialogue.SetPhoneBook: lambda message: (
        {"setting": message.setting, "contacts": _rows(message.contacts, kind="flag", phone="phone", name="name")}
    ),
    passthrough.PassthroughUp: _named(kind="passthrough_type", content="data_hex"),
    passthrough.PassthroughDown: _named(kind="passthrough_type", content="data_hex"),
    passthrough.Compressed: lambda message: {"compressed_len": len(message.content), "data_hex": message.content.hex()},
    passthrough.Waybill: lambda message: {"waybill_len": len(message.content), "waybill_hex": message.content.hex()},
    passthrough.CanData: lambda message: {
        "item_count": message.count, "receive_time_bcd": message.time_of_day,
        "items": [{"can_id_raw": f"{frame.can_id:08x}", "data": frame.content.hex()} for frame in message.frames],
    },
    passthrough.TerminalKey: _named(exponent="rsa_e", modulus="rsa_n_hex"),
    passthrough.PlatformKey: _named(exponent="rsa_e", modulus="rsa_n_hex"),
}  # fmt: skip
"""By class of message: its values under the names of the reference; 0x0500 stands with the positions."""

SIZES: dict[type, Callable[[Any, bytes], dict[str, Any]]] = {parameters.Attributes: _maker_size}
"""By class of message: what only the bytes of the body tell."""

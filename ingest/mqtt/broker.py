"""The broker as both clients need it: address, login, encryption, and its refusals in words that say what to do."""

from __future__ import annotations

import ssl
import sys
import threading
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from domain.errors import RefusedError, StoreError
from ingest.settings import MqttSettings

_BAD_LOGIN = (134, 135, 4, 5)
"""CONNACK reasons: bad user name or password, not authorized (MQTT 5.0 table 3-1); 4 and 5 in MQTT 3.1.1."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and how to log in; password and tls None: without."""

    host: str
    port: int
    user: str
    password: str | None
    tls: ssl.SSLContext | None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def broker_of(settings: MqttSettings) -> Broker:
    """The broker of the settings, its files read.

    Raises:
        RefusedError: no broker is set, or a file does not hold what it should. StoreError: the password can be read by others.
    """
    if not settings.url:
        raise RefusedError('no broker is set: write url = "mqtt://HOST:1883" into section mqtt of cuntong.toml', field="mqtt.url")
    host, port = settings.address
    return Broker(host, port, settings.user, _password(settings), _tls(settings))


def _password(settings: MqttSettings) -> str | None:
    path = settings.password_file
    if path is None:
        return None
    if not settings.user:
        raise RefusedError("mqtt.password_file is set without mqtt.user: name the login too", field="mqtt.user")
    try:
        if path.stat().st_mode & 0o077:
            raise StoreError(f"{path} can be read by others: run chmod 600 {path}")
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(f"mqtt.password_file: {path} cannot be read ({error})", field="mqtt.password_file") from error


def _tls(settings: MqttSettings) -> ssl.SSLContext | None:
    if not settings.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=str(settings.tls_ca) if settings.tls_ca else None)
        if settings.tls_cert is not None and settings.tls_key is not None:
            context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as error:
        names = ", ".join(str(path) for path in (settings.tls_ca, settings.tls_cert, settings.tls_key) if path is not None)
        raise RefusedError(f"mqtt: the files for encryption ({names}) are not what they should be: {error}", field="mqtt.tls_ca") from error
    return context


def client_of(broker: Broker, client_id: str, *, manual_ack: bool) -> Client:
    """A paho client for MQTT v5, not connected."""
    client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=manual_ack)
    if broker.user:
        client.username_pw_set(broker.user, broker.password)
    if broker.tls is not None:
        client.tls_set_context(broker.tls)
    return client


def properties(kind: int = PacketTypes.CONNECT, **said: Any) -> Properties:
    """Properties of a packet by their names, such as `ReceiveMaximum=64`."""
    found = Properties(kind)  # type: ignore[no-untyped-call]
    for name, value in said.items():
        setattr(found, name, value)
    return found


def refusal(broker: Broker, code: int, name: str) -> str:
    """What a CONNACK that refuses means, and what to do."""
    if code in _BAD_LOGIN:
        return f"broker {broker} refuses the login ({name}): check mqtt.user and mqtt.password_file against the broker's password file"
    return f"broker {broker} refuses the connection: {name}"


def unreachable(broker: Broker, error: BaseException | None) -> str:
    """Why no connection came about, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"broker {broker} shows a certificate that mqtt.tls_ca does not vouch for: {error.verify_message}"
    if isinstance(error, ssl.SSLError) or (broker.tls is not None and isinstance(error, ConnectionResetError)):
        why = getattr(error, "reason", None) or error
        return f"broker {broker} does not speak TLS as we do ({why}): is the port right, is a client certificate asked for?"
    if isinstance(error, ConnectionRefusedError):
        return f"nobody listens at {broker}: is the broker running, is mqtt.url right?"
    return f"broker {broker} cannot be reached: {error or 'it ended the connection at once: is the port encrypted (mqtts://)?'}"


def probe(broker: Broker, client_id: str, limit_s: float = 10.0) -> str:
    """Connect once, and leave. Why it did not work, with what to do; "" when the broker took the login."""
    told: list[str] = []
    answered = threading.Event()

    def connected(client: Any, userdata: Any, flags: Any, reason: Any, said: Any) -> None:
        told.append(refusal(broker, reason.value, str(reason)) if reason.is_failure else "")
        answered.set()

    def failed(client: Any, userdata: Any) -> None:
        told.append(unreachable(broker, sys.exc_info()[1]))
        answered.set()

    def ended(client: Any, userdata: Any, flags: Any, reason: Any, said: Any) -> None:
        told.append(unreachable(broker, None))
        answered.set()

    client = client_of(broker, client_id, manual_ack=False)
    client.on_connect, client.on_connect_fail, client.on_disconnect = connected, failed, ended
    client.connect_async(broker.host, broker.port, clean_start=True)
    client.loop_start()
    answered.wait(limit_s)
    client.disconnect()
    client.loop_stop()
    return told[0] if told else f"broker {broker} does not answer within {limit_s:.0f} s: is it an MQTT v5 broker?"

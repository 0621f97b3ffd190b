"""A broker that does not take us: the reason is said, with what to do, by both processes and by `cuntong mqtt check`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from domain.errors import HouseError, RefusedError
from ingest.mqtt.broker import broker_of, probe
from ingest.settings import MqttSettings
from tests.fixtures.broker import ABSENT, Broker, free_port, mosquitto, running
from tests.ingest.mqtt.conftest import settings_of

pytestmark = pytest.mark.broker


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@dataclass(frozen=True, slots=True)
class Secured:
    broker: Broker
    folder: Path

    def settings(self, **said: Any) -> MqttSettings:
        plain = settings_of(self.broker, "door")
        return replace(plain, url=f"mqtts://localhost:{self.broker.port}", tls_ca=self.folder / "ca.pem", **said)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A broker that speaks TLS only and wants a client certificate."""
    if mosquitto() is None:
        pytest.skip(ABSENT)
    folder = tmp_path_factory.mktemp("tls")
    for name in ("ca", "stranger"):
        key, cert = str(folder / f"{name}.key"), str(folder / f"{name}.pem")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", f"/CN={name}")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        request = str(folder / f"{name}.csr")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / f"{name}.key"), "-out", request, "-subj", f"/CN={name}")
        openssl(
            "x509", "-req", "-in", request, "-CA", str(folder / "ca.pem"), "-CAkey", str(folder / "ca.key"), "-CAcreateserial",
            "-out", str(folder / f"{name}.pem"), "-days", "2", "-extfile", str(folder / "names"),
        )  # fmt: skip
    port = free_port()
    files = f"cafile {folder / 'ca.pem'}\ncertfile {folder / 'server.pem'}\nkeyfile {folder / 'server.key'}\nrequire_certificate true"
    with running(extra=f"listener {port} 127.0.0.1\n{files}", port=port) as broker:
        yield Secured(broker, folder)


def test_with_the_right_files_the_connection_is_encrypted(secured: Secured) -> None:
    good = secured.settings(tls_cert=secured.folder / "client.pem", tls_key=secured.folder / "client.key")
    assert probe(broker_of(good), "probe") == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves the socket of a failed handshake open
def test_what_is_wrong_is_said(secured: Secured, broker: Broker) -> None:
    folder = secured.folder
    certificate: dict[str, Any] = {"tls_cert": folder / "client.pem", "tls_key": folder / "client.key"}
    plain = settings_of(broker, "door")
    wrong_password = broker.password_file("wrong")
    said = {
        "refuses the login": replace(plain, password_file=wrong_password),
        "nobody listens": replace(plain, url="mqtt://127.0.0.1:1"),
        "does not vouch for": replace(secured.settings(**certificate), tls_ca=folder / "stranger.pem"),
        "does not speak TLS": replace(secured.settings(**certificate), url=f"mqtts://localhost:{broker.port}"),
        "encrypted": replace(plain, url=f"mqtt://localhost:{secured.broker.port}"),
    }
    for words, settings in said.items():
        assert words in probe(broker_of(settings), "probe", 3.0), words
    assert probe(broker_of(secured.settings()), "probe") != "", "a client certificate is asked for"


def test_settings_and_files_that_cannot_work_are_refused_before_anything_is_dialled(tmp_path: Path) -> None:
    (tmp_path / "open").write_text("secret")
    (tmp_path / "open").chmod(0o644)
    for said in (
        {"url": "http://x"}, {"url": "mqtt://"}, {"url": "mqtt://user@host"}, {"url": "mqtt://host:x"}, {"door": True}, {"fanout": True},
        {"url": "mqtt://host", "tls_ca": tmp_path / "open"}, {"url": "mqtts://host", "tls_cert": tmp_path / "open"},
        {"url": "mqtt://host", "fanout_interval_s": 0.0},
    ):  # fmt: skip
        with pytest.raises(RefusedError):
            MqttSettings(**said)  # type: ignore[arg-type]
    for said in (
        {"url": ""}, {"url": "mqtt://host", "user": "door", "password_file": tmp_path / "open"},
        {"url": "mqtt://host", "password_file": tmp_path / "open"}, {"url": "mqtt://host", "user": "door", "password_file": tmp_path / "none"},
        {"url": "mqtts://host", "tls_ca": tmp_path / "none"}, {"url": "mqtts://host", "tls_ca": tmp_path / "open"},
    ):  # fmt: skip
        with pytest.raises(HouseError):
            broker_of(MqttSettings(**said))  # type: ignore[arg-type]


def test_the_command_says_it_in_one_line(broker: Broker, tmp_path: Path) -> None:
    def check(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "runtime.cli", "mqtt", "check", "--data", str(tmp_path), "--url", broker.url, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    good = check("--user", "door", "--password-file", str(broker.folder / "door.password"))
    assert good.returncode == 0 and "takes the login door" in good.stdout
    bad = check("--user", "door")
    assert bad.returncode == 1 and "refuses the login" in bad.stderr and "Traceback" not in bad.stderr

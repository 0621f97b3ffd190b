"""Settings from options, environment and file, in this order; what does not fit is refused with its place."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from domain.errors import RefusedError
from ingest.settings import GatewaySettings
from runtime.settings import load


def test_options_beat_the_environment_beats_the_file_beats_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "cuntong.toml").write_text('[gateway]\nworkers = 2\nmax_links = 300\nlisten = "0.0.0.0:1"\n', "utf-8")
    environment = {"CUNTONG_GATEWAY_WORKERS": "3", "CUNTONG_GATEWAY_LISTEN": "0.0.0.0:2"}
    gateway = load(tmp_path, {"gateway.listen": "0.0.0.0:3", "gateway.workers": None}, environment).gateway
    assert (gateway.listen, gateway.workers, gateway.max_links) == ("0.0.0.0:3", 3, 300)
    assert gateway.idle_timeout_s == GatewaySettings().idle_timeout_s


def test_everything_written_lies_in_the_data_folder(tmp_path: Path) -> None:
    settings = load(tmp_path, environment={})
    places = [settings.log.path, settings.gateway.secret_file, settings.gateway.roster_file, settings.database.archive_path]
    places.append(settings.web.personal_key_file)
    assert all(place is not None and place.is_relative_to(tmp_path) for place in places)


def test_values_take_the_type_of_their_field(tmp_path: Path) -> None:
    environment = {
        "CUNTONG_GATEWAY_FORWARDERS": "10.0.0.0/8, 192.0.2.7/32",
        "CUNTONG_PIPELINE_KEEP_EXTRAS": "no",
        "CUNTONG_LOG_KEEP_H": "1.5",
    }
    settings = load(tmp_path, environment=environment)
    assert settings.gateway.forwarders == ("10.0.0.0/8", "192.0.2.7/32")
    assert settings.pipeline.keep_extras is False
    assert settings.log.keep_h == 1.5


def test_the_policy_of_registration_is_told_once(tmp_path: Path) -> None:
    assert load(tmp_path, {"gateway.registration": "registry"}, {}).pipeline.registration == "registry"


@pytest.mark.parametrize(
    ("file", "environment", "says"),
    [
        ("[gatway]\nworkers = 2\n", {}, r"no section \[gatway\]; there are gateway, log"),
        ("[gateway]\nworker = 2\n", {}, r"no key worker in \[gateway\]"),
        ('[gateway]\nworkers = "two"\n', {}, r"\[gateway\] workers: 'two' is not int"),
        ("[gateway]\nworkers = true\n", {}, "True is not int"),
        ("[gateway\n", {}, "mend the file or remove it"),
        ("", {"CUNTONG_PIPELINE_KEEP_EXTRAS": "perhaps"}, "CUNTONG_PIPELINE_KEEP_EXTRAS: 'perhaps' is not bool"),
        ("", {"CUNTONG_GATEWAY_DOOR": "window"}, "gateway.door: 'window' is none of auto, drain, protocol"),
        ("", {"CUNTONG_GATEWAY_REGISTRATION": "closed"}, "gateway.registration: 'closed' is none of open, registry"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(tmp_path: Path, file: str, environment: dict[str, Any], says: str) -> None:
    if file:
        (tmp_path / "cuntong.toml").write_text(file, "utf-8")
    with pytest.raises(RefusedError, match=says):
        load(tmp_path, environment=environment)


def test_drain_is_the_door_where_there_is_one() -> None:
    assert GatewaySettings().drains is (sys.platform == "linux")
    assert not GatewaySettings(door="protocol").drains
    assert re.fullmatch(r"\S+:\d+", GatewaySettings().listen)

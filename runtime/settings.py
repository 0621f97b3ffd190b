"""Settings: read once, from `cuntong.toml` and the environment, into frozen objects that are passed on as arguments.

`CUNTONG_<SECTION>_<KEY>` beats the file, which beats the defaults. Nothing else in the product reads either.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from api.settings import WebSettings
from domain.errors import RefusedError
from ingest.attachment_settings import AttachmentSettings
from ingest.settings import GatewaySettings, LogSettings, MqttSettings, PipelineSettings, PlatformSettings
from operations.settings import ExportSettings, FeedSettings, JobSettings, OidcSettings, WebhookSettings
from storage.settings import DatabaseSettings

T = TypeVar("T")

FILE_NAME = "cuntong.toml"
_SECTIONS: dict[str, type] = {
    "gateway": GatewaySettings, "log": LogSettings, "pipeline": PipelineSettings, "database": DatabaseSettings, "web": WebSettings,
    "mqtt": MqttSettings, "platforms": PlatformSettings,
    "attachments": AttachmentSettings, "jobs": JobSettings, "exports": ExportSettings, "webhooks": WebhookSettings, "feeds": FeedSettings,
    "oidc": OidcSettings,
}  # fmt: skip
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one installation. data: the folder that holds everything it writes."""

    data: Path
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    log: LogSettings = field(default_factory=LogSettings)
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)
    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    web: WebSettings = field(default_factory=WebSettings)
    mqtt: MqttSettings = field(default_factory=MqttSettings)
    platforms: PlatformSettings = field(default_factory=PlatformSettings)
    attachments: AttachmentSettings = field(default_factory=AttachmentSettings)
    jobs: JobSettings = field(default_factory=JobSettings)
    exports: ExportSettings = field(default_factory=ExportSettings)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    feeds: FeedSettings = field(default_factory=FeedSettings)
    oidc: OidcSettings = field(default_factory=OidcSettings)


def load(data: Path | None = None, overrides: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings of a data folder.

    Args:
        data: the folder; None: `CUNTONG_DATA`, else `data` in the current folder.
        overrides: "section.key" to value, such as the options of a command; None values are ignored.
        environment: instead of the process's own.
    Raises:
        RefusedError: an unknown section or key, or a value that does not fit; names the place it stands in.
    """
    environment = os.environ if environment is None else environment
    folder = Path(data or environment.get("CUNTONG_DATA") or "data").absolute()
    said = _from_file(folder, environment)
    for key, value in _from_environment(environment):
        said[key] = (value, f"CUNTONG_{key.replace('.', '_').upper()}")
    for key, value in (overrides or {}).items():
        if value is not None:
            said[key] = (value, f"option {key}")
    if "gateway.registration" in said:
        said.setdefault("pipeline.registration", said["gateway.registration"])
    if "attachments.server" in said:
        said.setdefault("pipeline.attachments_at", said["attachments.server"])
    sections: dict[str, Any] = {name: _section(name, kind, said, folder) for name, kind in _SECTIONS.items()}
    return Settings(folder, **sections)


def _from_file(folder: Path, environment: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    named = environment.get("CUNTONG_CONFIG")
    path = Path(named) if named else next((p for p in (folder / FILE_NAME, Path(FILE_NAME)) if p.exists()), None)
    if path is None:
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RefusedError(f"{path}: {error}; mend the file or remove it") from error
    said = {}
    for section, table in tables.items():
        if section not in _SECTIONS or not isinstance(table, dict):
            raise RefusedError(f"{path}: no section [{section}]; there are {', '.join(_SECTIONS)}", field=section)
        for key, value in table.items():
            if key not in {f.name for f in dataclasses.fields(_SECTIONS[section])}:
                raise RefusedError(f"{path}: no key {key} in [{section}]", field=key)
            said[f"{section}.{key}"] = (value, f"{path} [{section}] {key}")
    return said


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    found = []
    for section, kind in _SECTIONS.items():
        for known in dataclasses.fields(kind):
            value = environment.get(f"CUNTONG_{section.upper()}_{known.name.upper()}")
            if value is not None:
                found.append((f"{section}.{known.name}", value))
    return found


def _section(name: str, kind: type[T], said: Mapping[str, tuple[Any, str]], folder: Path) -> T:
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for known in dataclasses.fields(kind):  # type: ignore[arg-type]
        told = said.get(f"{name}.{known.name}")
        default = known.default if known.default is not dataclasses.MISSING else None
        if told is not None:
            values[known.name] = _value(told[0], hints[known.name], told[1])
        elif isinstance(default, Path) and default.parts[:1] == ("data",):
            values[known.name] = folder.joinpath(*default.parts[1:])
    if name == "database" and values.get("archive_path") is None:
        values["archive_path"] = folder / "archive"
    return kind(**values)


def _value(value: Any, hint: Any, place: str) -> Any:
    """One value in the type of its field."""
    options = [t for t in typing.get_args(hint) if t is not types.NoneType] if isinstance(hint, types.UnionType) else [hint]
    wanted = options[0]
    if typing.get_origin(wanted) is tuple:
        words = [w.strip() for w in value.split(",") if w.strip()] if isinstance(value, str) else value
        return tuple(str(word) for word in words)
    if isinstance(value, bool) and wanted is not bool:
        raise RefusedError(f"{place}: {value} is not {wanted.__name__}")
    try:
        if wanted is bool and isinstance(value, str):
            if value.lower() not in _TRUE + _FALSE:
                raise ValueError(value)
            return value.lower() in _TRUE
        return wanted(value)
    except (TypeError, ValueError) as error:
        raise RefusedError(f"{place}: {value!r} is not {wanted.__name__}; mend it and start again") from error

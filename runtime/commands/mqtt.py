"""`cuntong mqtt`: devices that speak MQTT, and positions for others over MQTT."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runtime.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Data folder.")]
Url = Annotated[str | None, typer.Option(metavar="mqtt[s]://HOST[:PORT]", help="The broker; [mqtt] url of cuntong.toml unless named.")]
User = Annotated[str | None, typer.Option(help="Login at the broker.")]
PasswordFile = Annotated[Path | None, typer.Option(help="File of mode 0600 with its password.")]

group = typer.Typer(no_args_is_help=True, help="Positions over MQTT: the door for devices, the fan-out for others (docs/mqtt.md).")


def register(app: typer.Typer) -> None:
    """File the commands."""
    group.command("door")(door)
    group.command("fanout")(fanout)
    group.command("check")(check)
    app.add_typer(group, name="mqtt")


def door(
    data: Data = None,
    url: Url = None,
    user: User = None,
    password_file: PasswordFile = None,
    listen: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Internal listener: /metrics, /healthz, /readyz.")] = None,
) -> None:
    """Take what devices publish into the log; answer, and acknowledge to the broker, only when it is durable.

    `cuntong up` starts it where [mqtt] says door = true.

    Example:

        cuntong mqtt door --url mqtt://127.0.0.1:1883 --user door --password-file door.password
    """
    settings = _settings(data, url, user, password_file, {"mqtt.door_listen": listen})
    from runtime.caches import separate_kernel_cache

    separate_kernel_cache()
    from runtime.mqtt import run_door

    run_door(settings, settings.database.url)


def fanout(
    data: Data = None,
    url: Url = None,
    user: User = None,
    password_file: PasswordFile = None,
    interval: Annotated[float | None, typer.Option(min=0.05, help="Seconds between two looks for what has changed.")] = None,
    retain_last: Annotated[bool | None, typer.Option("--retain-last", help="Keep each vehicle's newest fix at the broker.")] = None,
    listen: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Internal listener: /metrics, /healthz, /readyz.")] = None,
) -> None:
    """Publish the newest positions by regions in batches, and alerts one by one.

    `cuntong up` starts it where [mqtt] says fanout = true.

    Example:

        cuntong mqtt fanout --url mqtt://127.0.0.1:1883 --user fanout --password-file fanout.password
    """
    said = {"mqtt.fanout_interval_s": interval, "mqtt.retain_last": retain_last, "mqtt.fanout_listen": listen}
    settings = _settings(data, url, user, password_file, said)
    from runtime.mqtt import run_fanout
    from storage.database import serving

    with serving(settings.database, settings.data) as dsn:
        run_fanout(settings, dsn)


def check(data: Data = None, url: Url = None, user: User = None, password_file: PasswordFile = None) -> None:
    """Connect to the broker once and say whether it takes us; exit code 1 and what to do when it does not.

    Example:

        cuntong mqtt check --url mqtts://broker.example:8883 --user door --password-file door.password
    """
    settings = _settings(data, url, user, password_file, {})
    from runtime.mqtt import check as connect

    typer.echo(connect(settings))


def _settings(data: Path | None, url: str | None, user: str | None, password_file: Path | None, said: Mapping[str, object]) -> Settings:
    from runtime.logs import configure
    from runtime.settings import load

    configure()
    return load(data, {"mqtt.url": url, "mqtt.user": user, "mqtt.password_file": password_file, **said})

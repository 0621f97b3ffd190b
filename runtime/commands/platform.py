"""`cuntong platform`: other platforms, and what is asked of them and by them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import RefusedError
from runtime.installation import Data, connected

if TYPE_CHECKING:
    from storage.platforms import Message, Platform

platform = typer.Typer(no_args_is_help=True, help="Other platforms (JT/T 809) and messages between them.\n\nExample: cuntong platform list")

Name = Annotated[str, typer.Argument(help="Name of the platform, as `cuntong platform list` shows it.")]
Seconds = Annotated[float, typer.Option("--wait", min=0.0, help="Wait so many seconds for the answer, then print it.")]
_PASSWORD_BYTES = 8


def register(app: typer.Typer) -> None:
    """File the commands."""
    app.add_typer(platform, name="platform")


@platform.command("add")
def add(  # noqa: PLR0913 - one argument an option
    name: Name,
    role: Annotated[str, typer.Option(help="What it is to us: superior (we dial it) or subordinate (it dials us).")],
    access_code: Annotated[int, typer.Option(min=0, max=0xFFFFFFFF, help="接入码 of the subordinate side.")],
    user: Annotated[int, typer.Option(min=0, max=0xFFFFFFFF, help="User of 0x1001; the password is read from CUNTONG_PLATFORM_PASSWORD.")],
    version: Annotated[str, typer.Option(help="Edition of JT/T 809: 2011 or 2019.")] = "2019",
    dial: Annotated[str, typer.Option(metavar="HOST:PORT", help="Main link of a superior platform.")] = "",
    sub_link: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where a superior platform reaches our [platforms] sub_listen.")] = "",
    code: Annotated[str, typer.Option(help="平台唯一编码, told in 0x1201.")] = "",
    cipher: Annotated[str, typer.Option(metavar="M1,IA1,IC1", help="Constants of the cipher, which is then used.")] = "",
    address: Annotated[list[str] | None, typer.Option(metavar="NETWORK", help="Network it may dial from. Repeat it; none: any.")] = None,
    region: Annotated[str | None, typer.Option(help="Of its new vehicles; to a superior platform only this subtree goes up.")] = None,
    operator: Annotated[int | None, typer.Option(help="Only this operator's vehicles go up.")] = None,
    data: Data = None,
) -> None:
    """Enter a platform, or change what is said of it; a running `cuntong platforms` follows within seconds.

    Example:

        CUNTONG_PLATFORM_PASSWORD=... cuntong platform add province --role superior --access-code 70000001 --user 7 --dial 10.0.0.1:7809
    """
    from runtime.platform_asking import host_port, keys, networks
    from storage import platforms as stored

    password = os.environ.get("CUNTONG_PLATFORM_PASSWORD", "")
    if not 0 < len(password.encode("gb18030")) <= _PASSWORD_BYTES:
        raise RefusedError("the password has 1 to 8 bytes: put it into CUNTONG_PLATFORM_PASSWORD", field="password")
    values: dict[str, Any] = {
        "name": name, "role": role, "version": version, "access_code": access_code, "user_id": user, "password": password,
        "platform_code": code, "addresses": networks(address or []), "region_code": region, "operator_id": operator, **keys(cipher),
    }  # fmt: skip
    values["host"], values["port"] = host_port(dial, "dial") if dial else ("", 0)
    values["sub_host"], values["sub_port"] = host_port(sub_link, "sub_link") if sub_link else ("", 0)
    if role == "superior" and not dial:
        raise RefusedError("a superior platform is dialled: give --dial HOST:PORT", field="dial")
    with connected(data) as conn:
        stored.add(conn, values)
    typer.echo(f"{name} entered")


@platform.command("remove")
def remove(name: Name, data: Data = None) -> None:
    """Forget a platform, the messages with it and how far its positions have come.

    Example:

        cuntong platform remove province
    """
    from storage import platforms as stored

    with connected(data) as conn:
        if not stored.remove(conn, name):
            raise RefusedError(f"no platform {name}: cuntong platform list shows them", field="name", kind="missing")
    typer.echo(f"{name} removed")


@platform.command("list")
def list_(data: Data = None) -> None:
    """Show the platforms and how their links stand.

    Example:

        cuntong platform list
    """
    from storage import platforms as stored

    with connected(data) as conn:
        rows = stored.platforms(conn)
    for one in rows:
        typer.echo(_platform_line(one))
    if not rows:
        typer.echo("no platforms; enter one: cuntong platform add --help")


@platform.command("order")
def order(  # noqa: PLR0913 - one argument an option
    name: Name,
    plate: Annotated[str, typer.Argument(help="Number plate.")],
    colour: Annotated[int, typer.Option(help="Colour of the plate, JT/T 697.7: 1 blue, 2 yellow.")] = 2,
    kind: Annotated[int, typer.Option(help="Type of alarm: 1 speeding, 2 fatigue, 11 off route, 14 other.")] = 14,
    alarm_at: Annotated[datetime | None, typer.Option(help="Time of the alarm, UTC; now where it is left out.")] = None,
    deadline_h: Annotated[float, typer.Option(min=0.1, help="To be dealt with within so many hours.")] = 24.0,
    urgent: Annotated[bool, typer.Option("--urgent", help="Level urgent instead of normal.")] = False,
    supervisor: Annotated[str, typer.Option(help="Who urges.")] = "",
    wait: Seconds = 0.0,
    data: Data = None,
) -> None:
    """Urge a subordinate platform to deal with an alarm (督办, 0x9401).

    Example:

        cuntong platform order county 贵A12345 --kind 1 --deadline-h 4 --wait 600
    """
    now = datetime.now(UTC)
    at = alarm_at.replace(tzinfo=UTC) if alarm_at is not None else now
    deadline = now + timedelta(hours=deadline_h)
    fields = {
        "kind": kind, "time_ms": int(at.timestamp()) * 1000, "deadline_ms": int(deadline.timestamp()) * 1000, "level": 0 if urgent else 1,
        "supervisor": supervisor,
    }  # fmt: skip
    _ask(name, "order", fields, (plate, colour), wait, data)


@platform.command("check")
def check(
    name: Name, text: Annotated[str, typer.Argument(help="The question.")], object_id: Annotated[str, typer.Option(help="Who is asked.")] = "",
    limit_min: Annotated[int, typer.Option(min=1, max=255, help="To be answered within so many minutes.")] = 10, wait: Seconds = 0.0,
    data: Data = None,
) -> None:  # fmt: skip
    """Ask whether somebody is on duty at a subordinate platform (查岗, 0x9301).

    Example:

        cuntong platform check county "在岗吗" --wait 600
    """
    _ask(name, "roll_call", {"content": text, "object_id": object_id, "limit_min": limit_min}, None, wait, data)


@platform.command("text")
def text(
    name: Name, words: Annotated[str, typer.Argument(help="The text.")], object_id: Annotated[str, typer.Option(help="For whom.")] = "",
    wait: Seconds = 0.0, data: Data = None,
) -> None:  # fmt: skip
    """Send a text to the people of a subordinate platform (0x9302).

    Example:

        cuntong platform text county "注意路滑"
    """
    _ask(name, "text", {"content": words, "object_id": object_id}, None, wait, data)


@platform.command("messages")
def messages(
    name: Annotated[str | None, typer.Argument(help="Of this platform only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="The newest so many.")] = 20,
    data: Data = None,
) -> None:
    """Show orders, roll calls, texts and alarms in both directions; a superior platform's open ones are to be answered.

    Example:

        cuntong platform messages province
    """
    from storage import platforms as stored

    with connected(data) as conn:
        number = stored.platform(conn, name).peer_id if name is not None else None
        rows = stored.messages(conn, number, None, limit)
    for one in rows:
        typer.echo(_line(one))
    if not rows:
        typer.echo("no messages")


@platform.command("answer")
def answer(
    message: Annotated[int, typer.Argument(help="Number of the message.")],
    result: Annotated[int | None, typer.Option(min=0, max=3, help="Of an order: 0 in progress, 1 done, 2 no action, 3 later.")] = None,
    content: Annotated[str, typer.Option("--text", help="To a roll call.")] = "",
    responder: Annotated[str, typer.Option("--name", help="Who answers.")] = "",
    telephone: Annotated[str, typer.Option(help="Of who answers.")] = "",
    data: Data = None,
) -> None:
    """Answer what a superior platform asked; an order may be answered again when it is done.

    Example:

        cuntong platform answer 17 --result 1
    """
    from storage import platforms as stored

    with connected(data) as conn:
        stored.answer(conn, message, result=result, content=content, responder=responder, telephone=telephone)
    typer.echo(f"answer to {message} queued")


def _ask(name: str, kind: Any, fields: dict[str, Any], vehicle: tuple[str, int] | None, wait_s: float, data: Any) -> None:
    from runtime.platform_asking import ask

    with connected(data) as conn:
        found = ask(conn, name, kind, fields, vehicle, wait_s)
    typer.echo(_line(found))


def _platform_line(one: Platform) -> str:
    links = f"main {'up' if one.main_up else 'down'}, sub {'up' if one.sub_up else 'down'}"
    counts = f"received {one.received}, sent {one.sent}, confirmed {one.confirmed}"
    parts = [one.name, one.role, one.version, f"{one.access_code}", links, counts, "" if one.enabled else "off", one.reason]
    return "  ".join(part for part in parts if part)


def _line(one: Message) -> str:
    vehicle = f"{one.plate}/{one.plate_colour}" if one.plate else ""
    told = str(one.fields.get("content") or "")
    reply = "" if one.answered_at is None else f"-> {one.content or one.result if one.result is not None or one.content else 'received'}"
    at = f"{one.created_at:%Y-%m-%d %H:%M:%S}Z"
    parts = [f"{one.message_id}", at, one.platform, one.direction, one.kind, one.state, vehicle, told, reply, one.reason]
    return "  ".join(part for part in parts if part)

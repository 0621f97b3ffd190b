"""`cuntong simulate-platform`: a simulated platform at the other end of JT/T 809."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import RefusedError

if TYPE_CHECKING:
    from simulators.platform_actor import Actor


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("simulate-platform")(simulate_platform)


def simulate_platform(  # noqa: PLR0913 - one argument an option
    role: Annotated[str, typer.Argument(help="superior (listens) or subordinate (dials).")],
    at: Annotated[str, typer.Option(metavar="HOST:PORT", help="Main link: where it listens, or whom it dials.")],
    access_code: Annotated[int, typer.Option(help="接入码 of the subordinate side.")] = 70_000_001,
    user: Annotated[int, typer.Option(help="User of 0x1001.")] = 1,
    password: Annotated[str, typer.Option(help="Password of 0x1001, that it shows or wants to be shown.")] = "secret",
    version: Annotated[str, typer.Option(help="2011 or 2019.")] = "2019",
    vehicles: Annotated[int, typer.Option(min=0, help="A subordinate one reports so many, one position a second each.")] = 10,
    drop_s: Annotated[float, typer.Option(min=0.0, help="Breaks its connections so often, seconds; 0: never.")] = 0.0,
    garbage_s: Annotated[float, typer.Option(min=0.0, help="Sends noise and a wrong CRC so often, seconds; 0: never.")] = 0.0,
    mute_s: Annotated[float, typer.Option(min=0.0, help="Stops answering after so long, seconds; 0: never.")] = 0.0,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="How long; without it until Ctrl-C.")] = None,
) -> None:
    """Play the other platform: log in or let in, report or take positions, answer orders and roll calls; well or badly.

    Example:

        cuntong simulate-platform subordinate --at 127.0.0.1:7809 --access-code 70000001 --password secret --vehicles 50
    """
    from protocols.jt809.events import SUBORDINATE, SUPERIOR
    from protocols.jt809.peer import VERSIONS, Peer
    from runtime.platform_asking import host_port
    from simulators.platform_actor import Actor, Manners

    if role not in ("superior", "subordinate") or version not in VERSIONS:
        raise RefusedError(f"{role} {version}: say superior or subordinate, --version {' or '.join(VERSIONS)}", field="role")
    host, port = host_port(at, "at")
    below = role == "subordinate"
    actor = Actor(
        SUBORDINATE if below else SUPERIOR, Peer(version=version, access_code=access_code), host, port, user, password,
        vehicles=vehicles if below else 0, manners=Manners(drop_s, garbage_s, mute_s),
    )  # fmt: skip
    asyncio.run(_play(actor, seconds))


async def _play(actor: Actor, seconds: float | None) -> None:
    from simulators.platforms import SimulatedPlatform

    stop, platform = asyncio.Event(), SimulatedPlatform(actor)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    playing = asyncio.ensure_future(platform.run(stop))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.wait([playing, asyncio.ensure_future(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await playing
    typer.echo(f"positions {len(platform.positions)}")
    for name, count in sorted(platform.counts.items()):
        typer.echo(f"{name} {count}")

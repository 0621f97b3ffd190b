"""`cuntong simulate`: a fleet of simulated vehicles, and the county they drive in."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import HouseError, RefusedError

if TYPE_CHECKING:
    from simulators.fleet import FleetFigures, FleetSettings


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help=_HELP, invoke_without_command=True, no_args_is_help=False, rich_markup_mode=None)
    group.callback()(simulate)
    group.command("county")(county)
    group.command("history")(history)
    app.add_typer(group, name="simulate")


_HELP = """Simulated vehicles that drive a synthetic county and report over real TCP.

Example:
    cuntong simulate --vehicles 300 --to 127.0.0.1:7611 --seconds 60 --faults default --truth /tmp/truth
    cuntong simulate county -o county.npz --geojson county/
"""


def simulate(  # noqa: PLR0913 - one argument an option
    context: typer.Context,
    vehicles: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many.")] = 300,
    to: Annotated[str, typer.Option(metavar="HOST:PORT", help="The gateway.")] = "127.0.0.1:7611",
    seconds: Annotated[float | None, typer.Option(min=0.1, help="How long; without it until Ctrl-C.")] = None,
    faults: Annotated[str, typer.Option(help="none, default or heavy.")] = "none",
    seed: Annotated[int, typer.Option(help="Same seed, same vehicles, drives and faults.")] = 1,
    interval: Annotated[int, typer.Option(min=0, max=30, help="Seconds between reports; 0: the scenario's mix.")] = 5,
    truth: Annotated[Path | None, typer.Option(help="Empty folder for what was driven and acknowledged.")] = None,
    scenario: Annotated[str, typer.Option(help="county, highway, villages, or key_fleet with active-safety alarms.")] = "county",
    alarms: Annotated[
        float | None, typer.Option(min=0, help="Active-safety alarms of a vehicle in an hour, instead of the scenario's.")
    ] = None,
    rsa: Annotated[bool, typer.Option("--rsa", help="Terminals exchange RSA keys and encrypt; the gateway needs gateway.rsa.")] = False,
    speed: Annotated[
        float, typer.Option(min=1.0, help="Seconds of the fleet's clock for one of the wall; above 1 it starts in the past.")
    ] = 1.0,
    parted: Annotated[int, typer.Option(min=0, max=400, help="Fixes of a blind-area upload sent in packets; 0: never in packets.")] = 0,
    mqtt: Annotated[
        str, typer.Option(metavar="mqtt://[USER:PASSWORD@]HOST[:PORT]", help="Report JSON through this broker instead of JT/T 808.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="The final figures as JSON.")] = False,
) -> None:
    """Drive simulated vehicles against a gateway.

    Example:
        cuntong simulate --vehicles 300 --to 127.0.0.1:7611 --seconds 60 --faults default --truth /tmp/truth
    """
    if context.invoked_subcommand is None:
        words = {
            "vehicles": vehicles,
            "seed": seed,
            "seconds": seconds,
            "interval_s": interval or None,
            "speed_factor": speed,
            "mqtt": mqtt,
            "alarms_per_hour": alarms,
            "rsa": rsa,
        }
        _fly(to, faults, words | {"truth": truth, "scenario": scenario}, parted, as_json=as_json)


def _fly(to: str, faults: str, words: dict[str, Any], parted: int, *, as_json: bool) -> None:
    """Run a fleet and print its figures; a refusal ends the program with code 2 and one line."""
    from simulators.faults import FAULT_SETS
    from simulators.fleet import FleetSettings
    from simulators.link_state import SessionSettings

    try:
        if faults not in FAULT_SETS:
            raise RefusedError(f"no fault set {faults!r}; there are {', '.join(FAULT_SETS)}", field="faults", kind="missing")
        host, port = _address(to)
        session = SessionSettings(parted_fixes=parted)
        settings = FleetSettings(host=host, port=port, faults=FAULT_SETS[faults], session=session, **words)
        figures = asyncio.run(_run(settings, quiet=as_json))
    except HouseError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    _print_figures(figures, as_json=as_json)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise RefusedError(f"{text!r} is not HOST:PORT", field="to")
    return host.strip("[]"), int(port)


async def _run(settings: FleetSettings, *, quiet: bool) -> FleetFigures:
    from simulators.fleet import run_fleet

    _raise_file_limit(settings.vehicles)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if quiet:
        return await run_fleet(settings, stop=stop)
    from rich.live import Live

    with Live(_line(None, settings), refresh_per_second=2, transient=True) as live:
        return await run_fleet(settings, stop=stop, progress=lambda figures: live.update(_line(figures, settings)))


def _raise_file_limit(vehicles: int) -> None:
    """Every link is a file; half-open faults keep old ones for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * vehicles + 256
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard != resource.RLIM_INFINITY else wanted, hard))


def _line(figures: FleetFigures | None, settings: FleetSettings) -> str:
    if figures is None:
        return f"building county and drives for {settings.vehicles} vehicles ..."
    return (
        f"{figures.elapsed_s:7.0f} s   online {figures.online}/{figures.vehicles}   driven {figures.generated:,}   "
        f"acknowledged {figures.acknowledged:,}   waiting {figures.waiting:,}   faults {sum(figures.faults.values()):,}"
    )


def _rows(figures: FleetFigures) -> dict[str, Any]:
    rows: dict[str, Any] = {
        "seconds": round(figures.elapsed_s, 1),
        "vehicles": figures.vehicles,
        "fixes driven": figures.generated,
        "fixes acknowledged": figures.acknowledged,
        "fixes not yet acknowledged": figures.waiting,
        "fixes lost, store full": figures.overflowed,
        "fixes refused": figures.refused,
    }
    rows |= {f"event {name}": count for name, count in figures.events.items()}
    return rows | {f"fault {name}": count for name, count in figures.faults.items()}


def _print_figures(figures: FleetFigures, *, as_json: bool) -> None:
    rows = _rows(figures)
    if as_json:
        typer.echo(json.dumps({name.replace(" ", "_").replace(",", ""): value for name, value in rows.items()}))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("figure", "count", title="Simulated fleet")
    for name, value in rows.items():
        table.add_row(name, f"{value:,}")
    Console().print(table)


def county(
    output: Annotated[Path, typer.Option("-o", "--output", help="Road network to write, .npz.")],
    seed: Annotated[int, typer.Option(help="Same seed, same county.")] = 1,
    towns: Annotated[int, typer.Option(min=1, help="Towns beside the county town.")] = 5,
    villages: Annotated[int, typer.Option(min=1)] = 14,
    width_km: Annotated[float, typer.Option(min=15, max=300)] = 44.0,
    height_km: Annotated[float, typer.Option(min=15, max=300)] = 36.0,
    geojson: Annotated[Path | None, typer.Option(help="Folder for places.geojson and regions.geojson.")] = None,
) -> None:
    """Write the synthetic county as a road network file.

    Example:
        cuntong simulate county -o county.npz --geojson county/
    """
    from simulators.county import CountySettings, build_county, places_geojson, regions_geojson
    from tracking.network import save

    began = time.monotonic()
    built = build_county(CountySettings(seed=seed, towns=towns, villages=villages, width_km=width_km, height_km=height_km))
    save(built.network, output)
    if geojson is not None:
        geojson.mkdir(parents=True, exist_ok=True)
        for name, collection in (("places", places_geojson(built)), ("regions", regions_geojson(built))):
            (geojson / f"{name}.geojson").write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    network = built.network
    typer.echo(
        f"{output}: {network.edge_count:,} edges, {network.node_count:,} nodes, {network.length_m.sum() / 1000:,.0f} km (directed), "
        f"version {network.version[:12]}, {time.monotonic() - began:.1f} s"
    )


def history(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the recorded log.")],
    from_ms: Annotated[int, typer.Option(help="First instant, epoch ms.")],
    until_ms: Annotated[int, typer.Option(help="End, epoch ms.")],
    vehicles: Annotated[int, typer.Option(min=1, max=1_000_000, help="Vehicles of the fleet.")] = 300,
    with_past: Annotated[int, typer.Option(min=1, help="The first so many of them reported.")] = 16,
    seed: Annotated[int, typer.Option(help="Of the fleet.")] = 1,
    faults: Annotated[str, typer.Option(help="none, default or heavy: drifting places and cut antennas.")] = "none",
) -> None:
    """Write what vehicles of a fleet would have reported in the past as a recorded log, for `cuntong replay`.

    Example:
        cuntong simulate history --from-ms 1774281600000 --until-ms 1774368000000 -o past && cuntong replay past
    """
    from runtime.demo_history import record
    from simulators.faults import FAULT_SETS
    from simulators.fleet import Fleet, FleetSettings

    if faults not in FAULT_SETS:
        raise RefusedError(f"no fault set {faults!r}; there are {', '.join(FAULT_SETS)}", field="faults", kind="missing")
    began = time.monotonic()
    fleet = Fleet(FleetSettings(vehicles=vehicles, seed=seed, faults=FAULT_SETS[faults]))
    count = record(fleet, with_past, (from_ms, until_ms), output)
    typer.echo(f"{output}: {count:,} frames of {min(with_past, vehicles)} vehicles, {time.monotonic() - began:.1f} s")

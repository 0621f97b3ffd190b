"""`cuntong match`: the road driven, from a file of fixes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tracking.formats import Recording
    from tracking.matched import Match
    from tracking.network.model import RoadNetwork
    from tracking.segments import Segments


def register(app: typer.Typer) -> None:
    """File the command."""
    app.command("match")(match)


def match(
    track: Annotated[Path, typer.Argument(metavar="TRACK", help="Fixes: .csv, .gpx, .geojson or .mfjson.")],
    network: Annotated[Path, typer.Option(metavar="FILE", help="Road network, .npz of `cuntong network build`.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write raw, matched and gaps: .geojson, .gpx, .csv or .mfjson.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw roads, raw, matched, gaps, off-road as PNG.")] = None,
    profile: Annotated[str, typer.Option(help="bus, coach, truck or dangerous_goods.")] = "bus",
    explain: Annotated[bool, typer.Option("--explain", help="Print every parameter in force.")] = False,
) -> None:
    """Match the tracks of a file to the roads of a network and measure them.

    Example:

        cuntong match drive.gpx --network county.npz -o drive.geojson --plot drive.png

        cuntong match fleet.csv --network county.npz --profile truck --explain
    """
    from runtime.caches import separate_kernel_cache

    separate_kernel_cache()
    from tracking import formats
    from tracking.cleaning import CleaningParameters
    from tracking.formats.from_match import recording_of
    from tracking.matching import match as match_track
    from tracking.mileage import measure
    from tracking.network import load
    from tracking.parameters import MatchParameters
    from tracking.segments import MileageParameters

    recordings = formats.read(track)
    roads = load(network)
    parameters = MatchParameters()
    if explain:
        _print_parameters(profile, roads, [CleaningParameters(), parameters, MileageParameters()])
    matched = []
    for one in recordings:
        found = match_track(one.track, roads, profile, parameters)
        segments = measure(one.track, found.cleaned, found, roads)
        _print_summary(one, found, segments, explain=explain)
        matched.append(recording_of(one.name, one.track, found, roads, segments))
    if output is not None:
        formats.write(output, matched)
    if plot is not None:
        from tracking.formats import png

        png.write(plot, matched, roads)


def _print_parameters(profile: str, roads: RoadNetwork, parameters: list[Any]) -> None:
    typer.echo(f"profile {profile}; map {roads.version[:16]}, {roads.edge_count:,} edges, {roads.licence or 'no licence stated'}")
    for group in parameters:
        typer.echo(type(group).__name__)
        for name, value in dataclasses.asdict(group).items():
            for key, figure in value.items() if isinstance(value, dict) else [("", value)]:
                typer.echo(f"  {name + ('.' + key if key else ''):32} {figure}")


def _print_summary(one: Recording, found: Match, segments: Segments, *, explain: bool) -> None:
    from tracking.matched import State
    from tracking.segments import SegmentKind

    track = one.track
    counts = ", ".join(f"{int((found.state == state).sum()):,} {state.name.lower().replace('_', ' ')}" for state in State)
    typer.echo(f"{one.name or 'track'}: {len(track):,} fixes{_span(one)}")
    typer.echo(f"  fixes   {counts}")
    low, high = segments.interval()
    parts = [
        f"{words} {segments.metres(kind) / 1000:,.3f}"
        for words, kind in (("on road", SegmentKind.ON_ROAD), ("off road", SegmentKind.OFF_ROAD), ("inferred", SegmentKind.GAP))
    ]
    typer.echo(f"  driven  {segments.metres() / 1000:,.3f} km, between {low / 1000:,.3f} and {high / 1000:,.3f} ({', '.join(parts)})")
    gaps = segments.rows[segments.rows["kind"] == SegmentKind.GAP]
    longest = f", the longest {int((gaps['to_ms'] - gaps['from_ms']).max()) // 1000:,} s" if gaps.size and track.timed else ""
    typer.echo(f"  gaps    {gaps.size}{longest}; pieces {len(found.pieces)}; refused 0")
    if segments.flags:
        typer.echo(f"  flags   {', '.join(segments.flags)}")
    if explain:
        sigma = found.sigma_m[found.piece >= 0]
        noise = f"{sigma.min():.1f} to {sigma.max():.1f} m" if sigma.size else "none"
        typer.echo(
            f"  sigma   {noise}; match version {found.match_version}; times {'used' if track.timed else 'not usable: terms of time off'}"
        )


def _span(one: Recording) -> str:
    from domain.units import SHANGHAI, instant

    track = one.track
    if not track.timed or not len(track):
        return ", no usable times"
    first, last = (instant(int(t)).astimezone(SHANGHAI) for t in (track.t_ms.min(), track.t_ms.max()))
    return f", {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} +08:00"

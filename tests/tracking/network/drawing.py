"""Tiny networks drawn in text: letters are nodes, ways are listed below."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

from tracking.network import RoadClass, RoadNetwork
from tracking.network.importing import ImportSettings, import_osm

EAST, SOUTH = 0.0005, 0.0009
"""Degrees of a column (50 m at 26.5 degrees north) and of a line (100 m)."""


def osm_text(picture: str, ways: str, nodes: str = "", relations: str = "") -> str:
    """OSM XML of a picture.

    Args:
        picture: each letter or digit is a node; a column is 50 m, a line 100 m.
        ways: one a line, "abc highway=primary oneway=yes"; way ids count from 1.
        nodes: tags of nodes, "b barrier=bollard"; "-b" leaves the node out of the file.
        relations: "1 via b 2 restriction=no_left_turn" or "1 via 3 2 ..." over way 3.
    """
    tags_of = {line.split()[0]: line.split()[1:] for line in nodes.strip().splitlines()}
    out = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6" generator="drawing">']
    for row, line in enumerate(picture.strip("\n").splitlines()):
        for column, letter in enumerate(line):
            if letter.isalnum() and f"-{letter}" not in tags_of:
                place = f'lat="{26.5 - row * SOUTH:.7f}" lon="{106.6 + column * EAST:.7f}"'
                out.append(f'<node id="{ord(letter)}" version="1" {place}>{_tags(tags_of.get(letter, []))}</node>')
    for number, line in enumerate(ways.strip().splitlines(), start=1):
        letters, *tags = line.split()
        refs = "".join(f'<nd ref="{ord(letter)}"/>' for letter in letters)
        out.append(f'<way id="{number}" version="1">{refs}{_tags(tags)}</way>')
    for number, line in enumerate(relations.strip().splitlines(), start=1):
        words = line.split()
        tags = [word for word in words if "=" in word]
        origin, _, via, target = words[:4]
        inner = f'<member type="way" ref="{via}" role="via"/>' if via.isdigit() else f'<member type="node" ref="{ord(via)}" role="via"/>'
        ends = [f'<member type="way" ref="{way}" role="{role}"/>' for way, role in ((origin, "from"), (target, "to"))]
        out.append(f'<relation id="{number}" version="1">{ends[0]}{inner}{ends[1]}{_tags(["type=restriction", *tags])}</relation>')
    return "\n".join([*out, "</osm>"])


def _tags(words: list[str]) -> str:
    pairs = (word.split("=", 1) for word in words)
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value.replace('_', ' ') if key == 'name' else value)}/>" for key, value in pairs)


def draw(folder: Path, picture: str, ways: str, nodes: str = "", relations: str = "", **settings: object) -> RoadNetwork:
    """The network of a picture; see `osm_text`."""
    path = folder / "drawing.osm"
    path.write_text(osm_text(picture, ways, nodes, relations), "utf-8")
    return import_osm(path, ImportSettings(**{"min_component_m": 0.0, **settings}))  # type: ignore[arg-type]


def letters(network: RoadNetwork, edge: int) -> str:
    """The two ends of an edge."""
    return "".join(chr(int(network.node_id[node])) for node in (network.tail[edge], network.head[edge]))


def edge_of(network: RoadNetwork, ends: str, road_class: RoadClass | None = None) -> int:
    """The one road edge between two nodes, or the one of a class."""
    found = [
        e
        for e in range(network.edge_count)
        if letters(network, e) == ends and not network.flags[e] & (512 | 4096) and road_class in (None, network.road_class[e])
    ]
    assert len(found) == 1, (ends, found)
    return found[0]


def cost(network: RoadNetwork, first: int, last: int, bit: int = 1, ban_m: float = 50.0) -> float:
    """Metres of the cheapest drive from the end of one edge to the begin of another, bans counted; inf when there is none."""
    best = {int(network.head[first]): 0.0}
    settled: set[int] = set()
    while open_nodes := sorted((m, node) for node, m in best.items() if node not in settled):
        at, node = open_nodes[0]
        settled.add(node)
        for edge in network.out_edges(node).tolist():
            if network.base_edge[edge] == last:
                return at
            connector = bool(network.flags[edge] & 512)
            step = (0.0 if network.access[edge] & bit else ban_m) if connector else float(network.length_m[edge])
            head = int(network.head[edge])
            best[head] = min(best.get(head, float("inf")), at + step)
    return float("inf")

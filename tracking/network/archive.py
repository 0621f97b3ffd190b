"""One `.npz` file for one network: written whole, refused when its hash does not fit."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from domain.errors import RefusedError
from tracking.network.model import ARRAY_NAMES, TABLE_NAMES, Origin, RoadNetwork

FORMAT = 2
"""Number of the file's layout; another number is refused."""

_REBUILD = "rebuild with `cuntong network build`, or write it again with the command that made it"


def version_of(arrays: Mapping[str, np.ndarray], tables: Mapping[str, tuple[str, ...]], plane: str) -> str:
    """Sha256 (hex) over names, types, shapes and bytes of all arrays, over the string tables and the plane."""
    digest = hashlib.sha256()
    for name in ARRAY_NAMES:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        digest.update(array.data if array.size else b"")
    for name in TABLE_NAMES:
        digest.update(json.dumps([name, list(tables[name])], ensure_ascii=False).encode())
    digest.update(plane.encode())
    return digest.hexdigest()


def save(network: RoadNetwork, path: Path) -> None:
    """Write the network as an uncompressed `.npz`, by rename, so a reader never sees half of it."""
    head = {
        "format": FORMAT,
        "version": network.version,
        "plane": network.plane,
        "origin": asdict(network.origin),
        **{name: list(getattr(network, name)) for name in TABLE_NAMES},
    }
    columns: dict[str, Any] = {name: getattr(network, name) for name in ARRAY_NAMES}
    columns["head_json"] = np.frombuffer(json.dumps(head, ensure_ascii=False).encode(), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez(file, **columns)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load(path: Path) -> RoadNetwork:
    """The network of a file; RefusedError when the file is of another format, damaged or not whole."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            head = json.loads(stored["head_json"].tobytes())
            if head["format"] != FORMAT:
                raise RefusedError(f"{path}: network format {head['format']}, need {FORMAT}; {_REBUILD}", field="format")
            arrays = {name: stored[name] for name in ARRAY_NAMES}
            tables = {name: tuple(head[name]) for name in TABLE_NAMES}
            plane, origin, named = str(head["plane"]), _origin(head["origin"]), str(head["version"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise RefusedError(f"{path}: not a road network ({error}); {_REBUILD}", field="path") from error
    version = version_of(arrays, tables, plane)
    if version != named:
        raise RefusedError(f"{path}: version hash {version[:12]} is not {named[:12]}; {_REBUILD}", field="version")
    for array in arrays.values():
        array.setflags(write=False)
    members: dict[str, Any] = {**arrays, **tables}
    return RoadNetwork(**members, plane=plane, origin=origin, version=version)


def _origin(stored: dict[str, Any]) -> Origin:
    rows = tuple((str(k), str(f), int(v), str(s), str(d)) for k, f, v, s, d in stored["overrides"])
    return Origin(**{**stored, "overrides": rows})

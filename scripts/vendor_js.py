"""Fetches the JavaScript that is kept in the repository, by its exact version, and keeps only the named files.

Example:
    python scripts/vendor_js.py          # fetch, check, copy, write THIRD_PARTY.md (needs npm and network)
    python scripts/vendor_js.py --pin    # the same, and write the hashes seen into the manifest (after a version change)
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "supervision_ui" / "vendor"
MANIFEST = VENDOR / "manifest.toml"
NOTICE = ROOT / "THIRD_PARTY.md"


def fetch(name: str, version: str, folder: Path) -> Path:
    """The package's archive as npm packs it."""
    command = ["npm", "pack", "--silent", f"{name}@{version}"]
    packed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return folder / packed.stdout.strip().splitlines()[-1]


def integrity(archive: Path) -> str:
    """Subresource-integrity form of the archive's SHA-512."""
    return "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()


def copy(archive: Path, package: dict[str, Any]) -> dict[str, str]:
    """Copy the named files and the licence out of the archive; file name → SHA-256."""
    target = VENDOR / package["name"] / package["version"]
    target.mkdir(parents=True, exist_ok=True)
    hashes = {}
    with tarfile.open(archive) as tar:
        for source in [*package["files"], *package["licences"]]:
            member = tar.extractfile(f"package/{source}")
            if member is None:
                raise SystemExit(f"{archive.name} has no {source}")
            content = member.read()
            (target / Path(source).name).write_bytes(content)
            hashes[source] = hashlib.sha256(content).hexdigest()
    return hashes


def pin(package: dict[str, Any], seen: str, hashes: dict[str, str]) -> None:
    """Write the hashes seen into the package's part of the manifest."""
    head, mark, rest = MANIFEST.read_text("utf-8").partition(f'name = "{package["name"]}"')
    part, following, tail = rest.partition("[[package]]")
    part = re.sub(r'integrity = "[^"]*"', f'integrity = "{seen}"', part)
    for kept in package["kept"]:
        content = (VENDOR / package["name"] / package["version"] / kept).read_bytes()
        hashes[kept] = hashlib.sha256(content).hexdigest()
    for source, digest in hashes.items():
        part = re.sub(rf'("{re.escape(source)}" = )"[0-9a-f]*"', rf'\1"{digest}"', part)
    MANIFEST.write_text(head + mark + part + following + tail, "utf-8")


def notice(packages: list[dict[str, Any]]) -> str:
    """Text of THIRD_PARTY.md."""
    lines = [
        "# Third-party files kept in this repository",
        "",
        "Written by `scripts/vendor_js.py`; the licence texts stand beside the files in `supervision_ui/vendor/`.",
        "",
        "| package | version | licence | files | home |",
        "|---|---|---|---|---|",
    ]
    for package in packages:
        files = ", ".join(f"`{Path(source).name}`" for source in package["files"]) or "licence text only"
        lines.append(f"| {package['name']} | {package['version']} | {package['licence']} | {files} | {package['home']} |")
    notes = [f"- {package['name']}: {package['note']}" for package in packages if package.get("note")]
    return "\n".join([*lines, "", *notes, ""] if notes else [*lines, ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pin", action="store_true", help="write the hashes seen into the manifest")
    pinning = parser.parse_args().pin
    packages = tomllib.loads(MANIFEST.read_text("utf-8"))["package"]
    with tempfile.TemporaryDirectory() as folder:
        for package in packages:
            archive = fetch(package["name"], package["version"], Path(folder))
            seen = integrity(archive)
            if not pinning and seen != package["integrity"]:
                print(f"{package['name']}: archive {seen} differs from the manifest; nothing copied", file=sys.stderr)
                return 1
            hashes = copy(archive, package)
            if pinning:
                pin(package, seen, hashes)
            print(f"{package['name']} {package['version']}: {len(hashes)} files")
    NOTICE.write_text(notice(packages), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Vendored files are exactly those of the manifest."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

import supervision_ui

VENDOR = Path(supervision_ui.__file__).parent / "vendor"
PACKAGES: list[dict[str, Any]] = tomllib.loads((VENDOR / "manifest.toml").read_text("utf-8"))["package"]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p["name"])
def test_files_have_the_hashes_of_the_manifest(package: dict[str, Any]) -> None:
    folder = VENDOR / package["name"] / package["version"]
    named = package["files"] | package["licences"] | package["kept"]
    assert {path.name for path in folder.iterdir()} == {Path(source).name for source in named}
    for source, digest in named.items():
        assert hashlib.sha256((folder / Path(source).name).read_bytes()).hexdigest() == digest, source
    assert package["integrity"].startswith("sha512-")


def test_nothing_else_is_vendored() -> None:
    folders = {f"{path.parent.name}/{path.name}" for path in VENDOR.glob("*/*") if path.is_dir()}
    assert folders == {f"{package['name']}/{package['version']}" for package in PACKAGES}


def test_the_notice_names_every_package() -> None:
    notice = (VENDOR.parents[1] / "THIRD_PARTY.md").read_text("utf-8")
    for package in PACKAGES:
        assert f"| {package['name']} | {package['version']} | {package['licence']} |" in notice

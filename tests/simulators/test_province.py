"""Synthetic provinces: as large as asked, the same every time, sound."""

from __future__ import annotations

import pytest

from simulators.province import ProvinceSettings, build_province
from tracking.network.check import check


@pytest.mark.parametrize("edges", [2_000, 30_000])
def test_a_province_has_the_size_asked_for_and_is_sound(edges: int) -> None:
    network = build_province(ProvinceSettings(edges=edges))
    assert network.edge_count == pytest.approx(edges, rel=0.06)
    report = check(network)
    assert report.sound
    strong = [share.km for share in report.shares if share.what == "strong component"]
    assert strong[0] > 0.97 * sum(strong)
    classes = {share.kind for share in report.shares if share.what == "class"}
    assert classes >= {"secondary", "tertiary", "unclassified", "residential"}


def test_the_same_settings_give_the_same_bytes_and_another_seed_another_province() -> None:
    one, two, other = (build_province(ProvinceSettings(edges=3_000, seed=seed)) for seed in (1, 1, 2))
    assert one.version == two.version != other.version

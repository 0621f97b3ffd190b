"""A change of the code that vehicle-days rest on does not go unnoticed: their versions are numbers that people raise."""

from __future__ import annotations

from pathlib import Path

from tests.house import code_hashes


def test_code_that_days_rest_on_is_as_it_was_when_its_number_was_given() -> None:
    noted, found = code_hashes.NOTED.read_text(encoding="utf-8").splitlines(), code_hashes.lines()
    changed = sorted({line.rsplit(" ", 1)[0] for line in set(noted) ^ set(found)})
    assert changed == [], (
        "the code behind stored matches or days has changed. If equal input may now give another match, raise MATCHER in "
        "tracking/parameters.py; if another day, DAY_CODE in tracking/evidence.py. Then: python -m tests.house.code_hashes"
    )


def test_words_do_not_count_and_code_does(tmp_path: Path) -> None:
    texts = (
        '"""A."""\nx = 1  # one\n\n\ndef f(a):\n    """B."""\n    return a\n',
        '"""Other."""\nx = 1\ndef f(a):\n    return (a)\n',
        "x = 2\ndef f(a):\n    return a\n",
    )
    paths = [tmp_path / f"{number}.py" for number in range(3)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    same, alike, other = map(code_hashes._hash, paths)
    assert same == alike != other


def test_the_groups_cover_kernels_and_steps() -> None:
    told = "\n".join(code_hashes.lines())
    for path in (
        "matcher tracking/kernels/lattice.py",
        "matcher tracking/cleaning.py",
        "day tracking/passages.py",
        "day tracking/mileage.py",
    ):
        assert path in told
    assert "formats" not in told

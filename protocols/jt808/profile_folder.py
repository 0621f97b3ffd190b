"""Profiles that an installation has of its own: TOML files in a folder, numbered from 128 on."""

from __future__ import annotations

from pathlib import Path

from protocols.jt808.profile import BY_NUMBER, LAST_NUMBER, PROFILES, Profile, adopt, read, rows_of
from protocols.jt808.profile_rows import ProfileFile

FIRST_OWN_NUMBER = 128

_taken: dict[str, tuple[str, str]] = {}
"""(file, text) by name of what `add` has read."""


def add(folder: Path) -> tuple[str, ...]:
    """Read the profiles of a folder into `PROFILES`, once a process, before anything asks for them.

    Args:
        folder: holds `*.toml`; one that is not there holds none.
    Returns:
        Names of those that are new.
    Raises:
        RefusedError: a file that is no profile, or a name or number that is not its own; with file and line.
    """
    files = {path.stem: (str(path), path.read_text("utf-8")) for path in sorted(folder.glob("*.toml")) if path.is_file()}
    files = {name: said for name, said in files.items() if _taken.get(name) != said}
    for name, (file, text) in files.items():
        if name in PROFILES:
            ProfileFile(file, text).wrong(name, "there is a profile of this name: rename the file")
    made: dict[str, Profile] = dict(PROFILES)
    read(files, made)
    own = {name: made[name] for name in files}
    numbers = set(BY_NUMBER)
    for name, (file, text) in files.items():
        number = own[name].number
        if "number" not in rows_of(ProfileFile(file, text)) or number < FIRST_OWN_NUMBER or number in numbers:
            free = next(one for one in range(FIRST_OWN_NUMBER, LAST_NUMBER + 1) if one not in numbers)
            ProfileFile(file, text).wrong(
                "number", f"write one of its own, such as number = {free}; log records hold it, so it never changes"
            )
        numbers.add(number)
    adopt(own)
    _taken.update(files)
    return tuple(own)

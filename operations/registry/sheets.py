"""Tables out of files that people send: CSV (UTF-8 with or without BOM, GB 18030) and xlsx, with limits that hold against files made to harm."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from typing import IO

from python_calamine import CalamineError, CalamineWorkbook

from domain.errors import RefusedError

MOST_BYTES = 64 * 2**20
MOST_ROWS = 200_000
MOST_COLUMNS = 200
MOST_UNPACKED = 512 * 2**20
"""Bytes that an xlsx may unpack to; 200,000 rows of 30 columns need about 300 MiB."""
MOST_CELL = 10_000

_CELL = re.compile(rb"<(?:\w+:)?(?:c|row)\s[^>]*?\br\s*=\s*[\"']([^\"']*)[\"']")
_PLACE = re.compile(rb"([A-Z]{0,3})(\d{1,7})")
_STEP = 2**20


def rows(data: bytes, name: str) -> Iterator[tuple[int, list[object]]]:
    """(line, cells) of the rows that are not blank; the heading is one of them. Cells of xlsx keep their type, those of CSV are text.

    Args:
        data: the file; xlsx is known by its first bytes, whatever its name.
        name: for messages.
    Raises:
        RefusedError: beyond a limit, or neither CSV nor xlsx.
    """
    if len(data) > MOST_BYTES:
        raise RefusedError(f"{name} is bigger than {MOST_BYTES >> 20} MiB: send it in parts", field="file")
    found = _xlsx(data, name) if data[:4] == b"PK\x03\x04" else _csv(data, name)
    taken = 0
    for line, cells in found:
        if all(cell is None or str(cell).strip() == "" for cell in cells):
            continue
        if len(cells) > MOST_COLUMNS:
            raise RefusedError(f"{name}, line {line}: more than {MOST_COLUMNS} columns", field="file")
        taken += 1
        if taken > MOST_ROWS + 1:
            raise RefusedError(f"{name} has more than {MOST_ROWS} rows: send it in parts", field="file")
        yield line, cells


def _csv(data: bytes, name: str) -> Iterator[tuple[int, list[object]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise RefusedError(f"{name} is neither xlsx nor text in UTF-8 or GB 18030", field="file") from error
    if "\x00" in text:
        raise RefusedError(f"{name} is no CSV: it holds NUL characters", field="file")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, list(cells)
    except csv.Error as error:
        raise RefusedError(f"{name}, line {reader.line_num}: {error}", field="file") from error


def _xlsx(data: bytes, name: str) -> Iterator[tuple[int, list[object]]]:
    _harmless(data, name)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            sheet = book.get_sheet_by_index(0)
            first = (sheet.start or (0, 0))[0]
            for number, cells in enumerate(sheet.to_python(skip_empty_area=False) if first == 0 else sheet.to_python(), 1 + first):
                yield number, list(cells)
    except (CalamineError, OSError, ValueError, IndexError, zipfile.BadZipFile) as error:
        raise RefusedError(
            f"{name} is no xlsx that can be read ({str(error)[:100]}): save it again as xlsx or CSV", field="file"
        ) from error


def _harmless(data: bytes, name: str) -> None:
    """Refuse what would unpack to too much, and sheets whose cells lie so far apart that the table between them would fill the memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = packed.infolist()
            if len(members) > 1_000 or sum(member.file_size for member in members) > MOST_UNPACKED:
                raise RefusedError(f"{name} unpacks to more than {MOST_UNPACKED >> 20} MiB: send it in parts", field="file")
            for member in members:
                if "worksheets/" in member.filename.lower().replace("\\", "/") and member.filename.lower().endswith(".xml"):
                    with packed.open(member) as sheet:
                        _near(sheet, member.file_size, name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise RefusedError(
            f"{name} is no xlsx that can be read ({str(error)[:100]}): save it again as xlsx or CSV", field="file"
        ) from error


def _near(sheet: IO[bytes], size: int, name: str) -> None:
    """Walk through a sheet's XML; zipfile ends a member at the size that it told, so that a lie about it is an error."""
    left, read = b"", 0
    while part := sheet.read(_STEP):
        read += len(part)
        if read > size:
            raise RefusedError(f"{name} unpacks to more than it says", field="file")
        text = left + part
        for place in _CELL.findall(text):
            match = _PLACE.fullmatch(place)
            if match is None or int(match[2]) > MOST_ROWS * 2 or _column(match[1]) > MOST_COLUMNS:
                raise RefusedError(
                    f"{name} has a cell at {place[:20].decode('ascii', 'replace')}; there may be {MOST_ROWS} rows of {MOST_COLUMNS} columns",
                    field="file",
                )
        left = text[text.rfind(b"<") :][-MOST_CELL:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number

"""Writing rows to files, piece by piece: whatever the number of rows, memory holds one piece.

Text that a spreadsheet would take for a formula gets an apostrophe before it in CSV (OWASP, CSV injection); in xlsx it is a text cell.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol
from xml.sax.saxutils import escape

import xlsxwriter

from domain.errors import RefusedError
from operations.export_tables import Column, Table

Row = Sequence[Any]

_SHEET_ROWS = 1_048_575
"""Rows of an xlsx sheet below its head; more go to a further sheet."""
_CELL_MOST = 32_767
_SPREADSHEET = "=+-@\t\r\n"


class Writer(Protocol):
    """Writes one file."""

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows, in the table's order of columns."""
        ...

    def close(self) -> None:
        """Write what ends the file, and close it."""
        ...


def defused(text: str) -> str:
    """The text as a spreadsheet shows it, and never computes it."""
    return f"'{text}" if text and text[0] in _SPREADSHEET else text


def said(value: Any) -> Any:
    """A value as text formats tell it: RFC 3339 times in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


class CsvWriter:
    """CSV as of RFC 4180, UTF-8 with a byte order mark, so that spreadsheets read Chinese."""

    def __init__(self, path: Path, table: Table) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._csv = csv.writer(self._file)
        self._csv.writerow([column.name for column in table.columns])

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows."""
        self._csv.writerows([self._cell(value) for value in row] for row in rows)

    def _cell(self, value: Any) -> Any:
        if isinstance(value, bool):
            return "true" if value else "false"
        return defused(value) if isinstance(value, str) else said(value)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class XlsxWriter:
    """xlsx with rows written as they come (`constant_memory`); times in UTC."""

    def __init__(self, path: Path, table: Table) -> None:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
                   "remove_timezone": True, "nan_inf_to_errors": True}  # fmt: skip
        self._book = xlsxwriter.Workbook(str(path), options)
        self._formats = {
            "time": self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            "day": self._book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        self._table = table
        self._sheet, self._at = self._begin(), 1

    def _begin(self) -> Any:
        sheet = self._book.add_worksheet()
        for at, column in enumerate(self._table.columns):
            sheet.write_string(0, at, column.name)
        return sheet

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows; a further sheet when one is full."""
        for row in rows:
            if self._at > _SHEET_ROWS:
                self._sheet, self._at = self._begin(), 1
            for at, (value, column) in enumerate(zip(row, self._table.columns, strict=True)):
                self._cell(at, value, column)
            self._at += 1

    def _cell(self, at: int, value: Any, column: Column) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(self._at, at, value)
        elif isinstance(value, datetime):
            self._sheet.write_datetime(self._at, at, value.astimezone(UTC), self._formats["time"])
        elif isinstance(value, date):
            self._sheet.write_datetime(self._at, at, value, self._formats["day"])
        elif isinstance(value, int | float) and abs(value) < 2**53:
            self._sheet.write_number(self._at, at, value)
        else:
            self._sheet.write_string(self._at, at, str(value)[:_CELL_MOST])

    def close(self) -> None:
        """Close the book."""
        self._book.close()


class GeoJsonWriter:
    """A FeatureCollection (RFC 7946), one feature a line; what has no place has a null geometry."""

    def __init__(self, path: Path, table: Table) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._names = [column.name for column in table.columns]
        self._places = [(self._names.index(lon), self._names.index(lat)) for lon, lat in table.places]
        self._skip = {at for pair in self._places for at in pair}
        self._first = True
        self._file.write('{"type":"FeatureCollection","features":[\n')

    def write(self, rows: Sequence[Row]) -> None:
        """Append features."""
        lines = [json.dumps(self._feature(row), ensure_ascii=False, separators=(",", ":")) for row in rows]
        if lines:
            self._file.write(("" if self._first else ",\n") + ",\n".join(lines))
            self._first = False

    def _feature(self, row: Row) -> dict[str, Any]:
        places = [[round(row[lon], 6), round(row[lat], 6)] for lon, lat in self._places if row[lon] is not None and row[lat] is not None]
        geometry: dict[str, Any] | None = None
        if len(places) == len(self._places):
            geometry = {"type": "Point", "coordinates": places[0]} if len(places) == 1 else {"type": "LineString", "coordinates": places}
        properties = {name: said(row[at]) for at, name in enumerate(self._names) if at not in self._skip}
        return {"type": "Feature", "geometry": geometry, "properties": properties}

    def close(self) -> None:
        """End the collection."""
        self._file.write("\n]}\n")
        self._file.close()


class GpxWriter:
    """GPX 1.1: one track a vehicle, one segment; fixes without a place are left out."""

    def __init__(self, path: Path, table: Table) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")
        names = [column.name for column in table.columns]
        self._at = {name: names.index(name) for name in ("vehicle_id", "plate", "time", "lon", "lat", "altitude_m", "located")}
        self._vehicle: int | None = None
        self._file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Cuntong" xmlns="http://www.topografix.com/GPX/1/1">\n'
        )

    def write(self, rows: Sequence[Row]) -> None:
        """Append track points."""
        self._file.write("".join(self._point(row) for row in rows if row[self._at["located"]]))

    def _point(self, row: Row) -> str:
        vehicle_id, plate, time, lon, lat, altitude = (
            row[self._at[n]] for n in ("vehicle_id", "plate", "time", "lon", "lat", "altitude_m")
        )
        head = ""
        if vehicle_id != self._vehicle:
            head = self._end() + f"<trk><name>{escape(plate or str(vehicle_id))}</name><number>{vehicle_id}</number><trkseg>\n"
            self._vehicle = vehicle_id
        elevation = f"<ele>{altitude}</ele>" if altitude is not None else ""
        return f'{head}<trkpt lat="{lat:.6f}" lon="{lon:.6f}">{elevation}<time>{said(time)}</time></trkpt>\n'

    def _end(self) -> str:
        return "</trkseg></trk>\n" if self._vehicle is not None else ""

    def close(self) -> None:
        """End the last track and the file."""
        self._file.write(self._end() + "</gpx>\n")
        self._file.close()


def writer(form: str, path: Path, table: Table) -> Writer:
    """A writer of the format; RefusedError when there is none."""
    if form == "parquet":
        from operations.export_parquet import ParquetFile  # pyarrow is heavy: only who writes it pays for it

        return ParquetFile(path, table)
    kinds: dict[str, type[CsvWriter] | type[XlsxWriter] | type[GeoJsonWriter] | type[GpxWriter]] = {
        "csv": CsvWriter, "xlsx": XlsxWriter, "geojson": GeoJsonWriter, "gpx": GpxWriter,
    }  # fmt: skip
    if form not in kinds:
        raise RefusedError(f"no format {form!r}; there are {', '.join(kinds)}, parquet", field="format")
    return kinds[form](path, table)

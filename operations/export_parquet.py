"""Parquet exports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from operations.export_tables import Table

_TYPES = {
    "int": pa.int64(), "real": pa.float64(), "text": pa.string(), "time": pa.timestamp("ms", "UTC"), "day": pa.date32(),
    "bool": pa.bool_(), "json": pa.string(),
}  # fmt: skip
_GROUP = 20_000
"""Rows of a row group, which is also what memory holds."""


class ParquetFile:
    """Parquet, compressed with zstd, in row groups."""

    def __init__(self, path: Path, table: Table) -> None:
        self._schema = pa.schema([(column.name, _TYPES[column.kind]) for column in table.columns])
        self._writer = pq.ParquetWriter(str(path), self._schema, compression="zstd")
        self._held: list[Sequence[Any]] = []

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Append rows."""
        self._held.extend(rows)
        if len(self._held) >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        columns = zip(*self._held, strict=True) if self._held else [()] * len(self._schema)
        arrays = [pa.array(list(values), field.type) for values, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._held = []

    def close(self) -> None:
        """Write the last group and the foot."""
        if self._held:
            self._flush()
        self._writer.close()

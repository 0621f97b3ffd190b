"""Files that people get: templates of imports, and reports of what was wrong with one. xlsx and CSV (UTF-8 with BOM, as spreadsheets want it)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import xlsxwriter

from domain.plate import PLATE_COLOURS
from operations.registry.kinds import Field, Kind
from operations.registry.reading import BadRow, headings

_NUMBERS = ("integer", "degrees", "money")
_ROWS = 10_000
"""Rows of a template that are text and offer the words of a choice."""


def template(kind: Kind, *, xlsx: bool) -> bytes:
    """An empty file with the Chinese headings of a kind; xlsx with the words of choices and a sheet that explains the columns."""
    fields = headings(kind)
    names = [f"{one.zh}*" if one.required and one.default is None else one.zh for one in fields]
    if not xlsx:
        return _csv([names])
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet, notes = book.add_worksheet(kind.zh[:31]), book.add_worksheet("说明 Notes")
        bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        for column, (name, one) in enumerate(zip(names, fields, strict=True)):
            sheet.write_string(0, column, name, bold)
            sheet.set_column(column, column, max(12, 2 * len(name)), None if one.type in _NUMBERS else text)
            words = ["是", "否"] if one.type == "flag" else [*one.choices.values()]
            if words and sum(len(word) + 1 for word in words) < 250:
                sheet.data_validation(1, column, _ROWS, column, {"validate": "list", "source": words})
        for row, line in enumerate([("列", "Column", "必填 Required", "取值 Values"), *(_note(one) for one in fields)]):
            notes.write_row(row, 0, line, bold if row == 0 else None)
        notes.set_column(0, 3, 30)
    return file.getvalue()


def report(bad: Sequence[BadRow], *, xlsx: bool) -> bytes:
    """All faults of an import, one a row."""
    lines: list[Sequence[Any]] = [("行 line", "列 column", "原因 reason"), *((one.line, one.column, one.reason) for one in bad)]
    if not xlsx:
        return _csv(lines)
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("faults")
        for row, line in enumerate(lines):
            sheet.write_row(row, 0, line)
    return file.getvalue()


def _csv(lines: Iterable[Sequence[Any]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for line in lines:
        # a cell that begins like a formula is run by spreadsheets: an apostrophe keeps it text
        writer.writerow([f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell for cell in line])
    return file.getvalue().encode("utf-8-sig")


def _note(one: Field) -> tuple[str, str, str, str]:
    about = {
        "day": "2026-12-31", "flag": "是 / 否", "colour": " / ".join(f"{code} {name}" for code, name in PLATE_COLOURS.items()),
        "money": "元", "region": "GB/T 2260", "degrees": "WGS-84", "organisation": "GB 32100, 18", "identity_card": "GB 11643",
        "choice": " / ".join(f"{zh} ({word})" for word, zh in one.choices.items()), "link": f"{one.link}",
    }.get(one.type, "")  # fmt: skip
    return one.zh, one.heading, "*" if one.required and one.default is None else "", about

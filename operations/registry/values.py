"""What people say of entities: words of a file read by the type of their field, and everything checked, from files and from the API alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from domain.plate import PLATE_COLOURS
from operations.registry.kinds import Field

COLOURS = {
    "无": 0, "蓝": 1, "黄": 2, "黑": 3, "白": 4, "绿": 5, "其他": 9, "农黄": 91, "农绿": 92, "黄绿": 93, "渐变绿": 94,
} | {name: code for code, name in PLATE_COLOURS.items()}  # fmt: skip
"""Codes by word (JT/T 697.7-2014)."""
_YES_NO = {"0": False, "no": False, "false": False, "否": False, "1": True, "yes": True, "true": True, "是": True}
_WEIGHTS_CARD = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643-1999 5."""
_CODES = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS_CODE = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
"""GB 32100-2015 5.4."""
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9999, 12, 31)
MOST_FEN = 10**16


def read(field: Field, said: object) -> Any:
    """Value of a cell; None: nothing is said.

    Args:
        said: text, or what a spreadsheet holds: number, truth, day.
    Raises:
        ValueError: the reason for which it cannot be taken.
    """
    if said is None or said == "":
        return None
    text = _text(said)
    if text == "":
        return None
    return checked(field, _READ.get(field.type, _same)(field, text, said))


def checked(field: Field, value: Any) -> Any:
    """The value as it is stored; None stays None.

    Raises:
        ValueError: the reason for which it cannot be taken.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in value):
            raise ValueError("control characters")
        if len(value) > field.most:
            raise ValueError(f"longer than {field.most} characters")
    check = _CHECKS.get(field.type)
    return check(field, value) if check is not None else value


def _text(said: object) -> str:
    if isinstance(said, bool):
        return "1" if said else "0"
    if isinstance(said, float):
        if abs(said) >= 2**53:
            raise ValueError("a number that has lost digits: make the column text")
        return str(int(said)) if said.is_integer() else repr(said)
    if isinstance(said, datetime):
        return said.date().isoformat()
    return str(said).strip()


def _same(_: Field, text: str, __: object) -> str:
    return text


def _integer(_: Field, text: str, __: object) -> int:
    if not re.fullmatch(r"-?\d{1,12}", text, re.ASCII):
        raise ValueError(f"{text[:20]!r} is no whole number")
    return int(text)


def _day(_: Field, text: str, said: object) -> date:
    match = re.fullmatch(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*[-/.月]?\s*(\d{1,2})\s*日?", text, re.ASCII)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text[:20]!r} is no day (2026-12-31)") from error


def _flag(_: Field, text: str, __: object) -> bool:
    if text.lower() not in _YES_NO:
        raise ValueError("neither yes nor no")
    return _YES_NO[text.lower()]


def _choice(field: Field, text: str, __: object) -> str:
    by_name = {zh: word for word, zh in field.choices.items()}
    return by_name.get(text, text.lower())


def _colour(_: Field, text: str, __: object) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 2:
        return int(text)
    word = text.lower().removesuffix("色")
    if word not in COLOURS:
        raise ValueError(f"{text[:20]!r} is not a plate colour")
    return COLOURS[word]


def _degrees(_: Field, text: str, __: object) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"{text[:20]!r} is no number of degrees") from error


def _money(_: Field, text: str, __: object) -> int:
    try:
        fen = Decimal(text.replace(",", "")) * 100
        if not fen.is_finite() or fen != fen.to_integral_value():
            raise ValueError(f"{text[:20]!r} is no amount in yuan with at most two decimals")
    except InvalidOperation as error:
        raise ValueError(f"{text[:20]!r} is no amount in yuan") from error
    return int(fen) if abs(fen) <= MOST_FEN else MOST_FEN + 1


_READ: Mapping[str, Callable[[Field, str, object], Any]] = {
    "integer": _integer, "day": _day, "flag": _flag, "choice": _choice, "colour": _colour, "degrees": _degrees, "money": _money,
}  # fmt: skip


def _check_integer(field: Field, value: int) -> int:
    if not field.least <= value <= field.most:
        raise ValueError(f"not {field.least} to {field.most}")
    return value


def _check_day(_: Field, value: date) -> date:
    if not FIRST_DAY <= value <= LAST_DAY:
        raise ValueError(f"{value.isoformat()} is not from {FIRST_DAY.year} on")
    return value


def _check_choice(field: Field, value: str) -> str:
    if value not in field.choices:
        raise ValueError(f"not one of {', '.join(field.choices)}")
    return value


def _check_colour(_: Field, value: int) -> int:
    if value not in PLATE_COLOURS:
        raise ValueError(f"'{value}' is not a plate colour")
    return value


def _check_degrees(field: Field, value: float) -> float:
    most = 180.0 if field.name == "lon" else 90.0
    if not -most <= value <= most:  # also what is not a number
        raise ValueError(f"not within {most:g} degrees")
    return value


def _check_money(_: Field, value: int) -> int:
    if not 0 <= value <= MOST_FEN:
        raise ValueError("below nothing, or beyond all measure")
    return value


def _check_region(_: Field, value: str) -> str:
    if not re.fullmatch(r"[1-9]\d{5}(\d{3}){0,2}", value, re.ASCII):
        raise ValueError("not six digits (nine of a town, twelve of a village)")
    return value


def _check_plate(_: Field, value: str) -> str:
    return unicodedata.normalize("NFKC", value).upper().replace(" ", "").replace("·", "")


def _check_terminal(_: Field, value: str) -> str:
    if not re.fullmatch(r"\d{1,20}", value, re.ASCII):
        raise ValueError("not 1 to 20 digits")
    return value.lstrip("0") or "0"


def _check_phone(_: Field, value: str) -> str:
    plain = re.sub(r"[\s\-()（）]", "", unicodedata.normalize("NFKC", value))
    if not re.fullmatch(r"\+?\d{5,16}", plain, re.ASCII):
        raise ValueError("no telephone number")
    return plain


def _check_card(_: Field, value: str) -> str:
    number = unicodedata.normalize("NFKC", value).upper().replace(" ", "")
    if re.fullmatch(r"\d{17}[\dX]", number, re.ASCII):
        check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS_CARD, strict=False)) % 11]
        if number[17] != check:
            raise ValueError("the check digit of the identity card is wrong")
        try:
            date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        except ValueError as error:
            raise ValueError("no day of birth in the identity card") from error
        return number
    if not re.fullmatch(r"[A-Z]{1,3}\d{6,12}|\d{15}", number, re.ASCII):
        raise ValueError("no identity card (18 digits), passport or permit number")
    return number


def _check_organisation(_: Field, value: str) -> str:
    code = unicodedata.normalize("NFKC", value).upper()
    if not re.fullmatch(f"[{_CODES}]{{18}}", code):
        raise ValueError("no unified social credit code (18 characters)")
    total = sum(_CODES.index(letter) * weight for letter, weight in zip(code, _WEIGHTS_CODE, strict=False))
    if _CODES[(31 - total % 31) % 31] != code[17]:
        raise ValueError("the check character of the unified social credit code is wrong")
    return code


def _check_currency(_: Field, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{3}", value, re.ASCII):
        raise ValueError("no currency of three letters, such as CNY (ISO 4217)")
    return value.upper()


_CHECKS: Mapping[str, Callable[[Field, Any], Any]] = {
    "integer": _check_integer, "day": _check_day, "choice": _check_choice, "colour": _check_colour, "degrees": _check_degrees,
    "money": _check_money, "region": _check_region, "plate": _check_plate, "terminal": _check_terminal, "phone": _check_phone,
    "identity_card": _check_card, "organisation": _check_organisation, "currency": _check_currency,
}  # fmt: skip

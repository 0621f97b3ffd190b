"""`fields=`: answers with fewer fields."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field, create_model

from domain.errors import RefusedError

Fields = Annotated[str | None, Query(max_length=1_000, description="comma-separated names of the fields to tell; all without it")]
"""Parameter of a route whose items can be told in part: `fields: Fields = None`."""


def chosen(fields: str | None, model: type[BaseModel], always: frozenset[str] = frozenset()) -> frozenset[str] | None:
    """Names of the fields to tell; None: all. Pass it on as `include` of `model_dump`.

    Args:
        fields: as asked.
        model: of an item.
        always: told whatever is asked, such as the item's number.
    Raises:
        RefusedError: kind "invalid": a field that the item has not.
    """
    if fields is None:
        return None
    asked = frozenset(part.strip() for part in fields.split(",") if part.strip())
    unknown = sorted(asked - model.model_fields.keys())
    if unknown or not asked:
        names = ", ".join(model.model_fields)
        what = f"no field {unknown[0][:40]!r}" if unknown else "no field is named"
        raise RefusedError(f"{what}; there are {names}", field="fields")
    return asked | always


@cache
def part_of(model: type[BaseModel]) -> type[BaseModel]:
    """The model of an item told in part, for the OpenAPI document: every field may be missing."""
    fields: dict[str, Any] = {
        name: (field.annotation, Field(default=None, description=field.description)) for name, field in model.model_fields.items()
    }
    return create_model(f"{model.__name__}Part", __doc__=f"{model.__name__} with the fields that were asked for.", **fields)

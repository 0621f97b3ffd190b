"""What an entity of the registry is made of. `entities.py` lists them; lists, edits, imports, templates and the API all read that one list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from storage.sealing import masked_address, masked_identity_card, masked_name, masked_phone

MASKS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {"phone": masked_phone, "identity_card": masked_identity_card, "person_name": masked_name, "home": masked_address}
)
"""Types of personal text, and how each is shown."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a person says of an entity.

    Args:
        name: in the API and, for all types but "link", the heading in files; the column too, except as `column` says.
        zh: Chinese heading.
        type: text, integer, day, flag, choice, region, colour (of a plate), plate, terminal, money (fen), degrees, organisation (GB 32100),
            link (to another kind), or one of `MASKS`.
        required: an entity without it is refused.
        most: characters of a text, or the largest integer.
        least: the smallest integer.
        choices: words of a choice; in files their Chinese too.
        link: word of the kind that a link leads to.
        default: of a required field that a file may leave out.
    """

    name: str
    zh: str
    type: str = "text"
    required: bool = False
    most: int = 100
    least: int = 0
    choices: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    default: str | bool | None = None

    @property
    def personal(self) -> bool:
        """Sealed in the database, masked in answers."""
        return self.type in MASKS

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that hold it."""
        if self.personal:
            return f"{self.name}_sealed", f"{self.name}_masked", f"{self.name}_index"
        return (self.column,)

    @property
    def column(self) -> str:
        """The column that is read for lists."""
        if self.personal:
            return f"{self.name}_masked"
        return f"{self.name}_e6" if self.type == "degrees" else self.name

    @property
    def heading(self) -> str:
        """Heading in files: a link is named there by what people call the other entity."""
        if self.type == "money":
            return self.name.removesuffix("_fen") + "_yuan"
        return self.name.removesuffix("_id") if self.type == "link" else self.name


@dataclass(frozen=True, slots=True)
class Told:
    """Something that an entity is told with and that is kept elsewhere: name, type as in `Field`, what it is (Chinese, English)."""

    name: str
    type: str
    zh: str
    about: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entity.

    Args:
        word: plural, in paths and commands; table, key: where it is kept; zh: Chinese name.
        natural: field names by which files and people name one.
        fields: what is said of it.
        told: what it is told with beside that.
        bound: what a file may say beside its fields: which terminal rides in which vehicle.
        search: columns that a search for text looks in.
        fixed: columns that this kind always has so, for two kinds in one table.
        regional: has a `region_code` column; operated: has an `operator_id` column.
        read, write: rights.
        ends: days after which it is no longer in order; the first of them ends it.
    """

    word: str
    table: str
    key: str
    zh: str
    natural: tuple[str, ...]
    fields: tuple[Field, ...]
    told: tuple[Told, ...] = ()
    bound: Field | None = None
    search: tuple[str, ...] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    regional: bool = True
    operated: bool = False
    read: str = "registry:read"
    write: str = "registry:write"
    ends: tuple[str, ...] = ()

    def field(self, name: str) -> Field:
        """Field of a name; KeyError: none."""
        return next(one for one in self.fields if one.name == name) if name in {one.name for one in self.fields} else _none(name)

    def place(self, one: Field) -> str:
        """Where personal text of a field belongs (`storage/sealing.py`)."""
        return f"{self.table}.{one.name}"

    @property
    def personal(self) -> tuple[Field, ...]:
        """Fields that are sealed."""
        return tuple(one for one in self.fields if one.personal)

    @property
    def natural_columns(self) -> tuple[str, ...]:
        """Columns of the natural key."""
        return tuple(f"{name}_index" if self.field(name).personal else self.field(name).column for name in self.natural)


def _none(name: str) -> Field:
    raise KeyError(name)

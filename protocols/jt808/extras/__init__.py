"""Additional items (附加信息项) of a position: one class or value an item, keyed by (profile, id)."""

from protocols.jt808.extras.base import Extra, Extras, extra, extra_class, extra_layouts, extra_value
from protocols.jt808.extras.layouts import ExtraLayout, ItemTable

__all__ = ["Extra", "ExtraLayout", "Extras", "ItemTable", "extra", "extra_class", "extra_layouts", "extra_value"]

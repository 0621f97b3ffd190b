"""The ground: units, errors, datum."""

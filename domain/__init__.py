"""The ground: types, units and errors that every room shares. Standard library and numpy only."""

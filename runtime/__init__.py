"""The roof: settings, wiring, processes, the `cuntong` command."""

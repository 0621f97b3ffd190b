"""The main program: settings, commands, processes."""

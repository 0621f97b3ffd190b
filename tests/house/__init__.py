"""The house: contracts between rooms, sizes of files, what a newcomer relies on."""

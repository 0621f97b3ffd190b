"""Registry, regions, identity: who runs what where."""

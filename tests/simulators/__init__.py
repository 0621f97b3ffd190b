"""Tests of the simulated county, its vehicles and terminals."""

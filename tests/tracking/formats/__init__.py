"""Tests of track files."""

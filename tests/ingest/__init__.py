"""Tests of the doors for terminals."""

"""Tests in a real browser: Chromium with software GL."""

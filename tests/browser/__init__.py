"""Tests in a real browser: Chromium, driven by playwright, on pages with JavaScript and without."""

"""Stylesheets, one a screen, read when the screen is first shown."""

from pathlib import Path

FOLDER = Path(__file__).parent

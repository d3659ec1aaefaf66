"""Stylesheets, one a screen, read when the screen is first shown; each is parsed once."""

from pathlib import Path

from textual.css.stylesheet import Stylesheet

FOLDER = Path(__file__).parent


class Styles(Stylesheet):
    """Textual's stylesheet, but a source is parsed again only when it, or the theme, is another one.

    Textual parses all of them again before the first paint, and for each screen that brings a file of its own.
    """

    def reparse(self) -> None:
        """Take in what has changed; StylesheetParseError leaves the rules as they were."""
        self.parse()

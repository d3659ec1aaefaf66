"""rlm-tui: the debugger for Recursive Language Models."""

__version__ = "0.1.0"

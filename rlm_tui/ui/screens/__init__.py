"""Screens and the arithmetic of their layouts."""

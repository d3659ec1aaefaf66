"""Documents: loaded in a child process, kept as one canonical text with pages and an outline."""

"""Documents: what is not plain text is read in a child process; kept as one text with pages and an outline."""

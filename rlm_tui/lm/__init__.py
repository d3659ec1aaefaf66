"""Language models: one protocol, one client a file."""

"""The program that runs in the REPL worker: standard library only, and nothing of the package around it."""

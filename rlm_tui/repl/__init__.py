"""The REPL: user code runs in a worker process of its own, reached over one framed channel."""

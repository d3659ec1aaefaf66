"""The trace on disk: one line an event, append-only, readable by plain `jq`, whole again after a crash."""

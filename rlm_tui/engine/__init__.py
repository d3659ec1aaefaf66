"""The engine: root loop, sub-call broker, parser, prompts, limits and the gate."""

"""The screen: a Textual app over one Session; nothing here knows the engine."""

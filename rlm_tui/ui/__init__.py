"""The screen: a Textual app over one Session; of the engine it knows words and forms only, never a part that runs."""

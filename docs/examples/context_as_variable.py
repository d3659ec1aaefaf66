"""The context is a variable, not a prompt: a text, texts, paths, a dict, or messages, with its own type in the REPL."""

from rlm_tui import RLM, ScriptedLM

LOOK = """```repl
FINAL(f"{type(context).__name__} of {len(context)}")
```"""
CONTEXTS = {
    "a text": "a secret, written once. " * 50_000,
    "texts": ["one secret", "another secret"],
    "a dict": {"secret": {"colour": "green"}, "rest": list(range(10))},
    "messages": [{"role": "user", "content": "secret"}, {"role": "assistant", "content": "ok"}],
}

for name, context in CONTEXTS.items():
    lm = ScriptedLM([LOOK])
    result = RLM(lm).completion("What are you looking at?", context)
    prompt = "".join(message.content for message in lm.requests[0].messages)
    print(f"{name:9} is {result.answer:18} · in the prompt: {'secret' in prompt}")

"""Answers of equal requests, kept in memory or on disk; off unless asked for, as a model may answer differently twice.

Equal means: the same model at the same address, the same messages and the same parameters. Failures and empty answers
are never kept. On disk an answer is one file below the user's cache directory, readable by its owner alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any, Protocol

import msgspec

from rlm_tui import files, paths
from rlm_tui.events import Usage
from rlm_tui.lm.base import LM, OnDelta, Request, Response, held_to
from rlm_tui.lm.endpoint import Endpoint
from rlm_tui.lm.prices import Price, price_of

_FORMAT = 1
_MOST_CHARS = 64_000_000
_MOST_BYTES = 256_000_000
_KEPT_SHARE = 0.8


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a response."""

    text: str
    finish_reason: str | None = None
    reasoning: str | None = None
    held_to: str = ""
    is_paid: bool = False
    """Whether its cost was known, so that it is known to cost nothing now."""

    @property
    def chars(self) -> int:
        """How much it takes to keep."""
        return len(self.text) + len(self.reasoning or "")


class Answers(Protocol):
    """Where answers are kept."""

    def get(self, key: str) -> Answer | None:
        """What was kept under a key."""
        ...

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer, as far as there is room."""
        ...


class MemoryAnswers:
    """Keeps the answers of this session; the oldest go first."""

    def __init__(self) -> None:
        self._kept: dict[str, Answer] = {}
        self._chars = 0

    def get(self, key: str) -> Answer | None:
        """What was kept under a key."""
        return self._kept.get(key)

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer in the place of an older one; it is small beside all that is kept."""
        if key in self._kept:
            self._drop(key)
        self._kept[key] = answer
        self._chars += answer.chars
        while self._chars > _MOST_CHARS:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        self._chars -= self._kept.pop(key).chars


class DiskAnswers:
    """Keeps answers for every session of this user; a lost or broken file is no loss."""

    def __init__(self) -> None:
        self._folder = paths.cache_dir() / "answers"
        self._bytes = 0
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._bytes = _trim(self._folder)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"

    def get(self, key: str) -> Answer | None:
        """What was kept under a key."""
        try:
            return msgspec.json.decode(files.read_bytes(self._path(key), _MOST_CHARS), type=Answer)
        except (OSError, ValueError, RecursionError):
            return None

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer, if the disk lets us; other sessions see all of it or nothing."""
        path, data = self._path(key), msgspec.json.encode(answer)
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                os.replace(name, path)
            except OSError:
                os.unlink(name)
                raise
            self._bytes += len(data)
            if self._bytes > _MOST_BYTES:
                self._bytes = _trim(self._folder)


def _trim(folder: Path) -> int:
    """Let the oldest answers go when there are too many bytes of them; how many bytes are left."""
    parts = [part.path for part in os.scandir(folder) if part.is_dir()]
    found = [(entry.stat(follow_symlinks=False), entry.path) for part in parts for entry in os.scandir(part)]
    size = sum(stat.st_size for stat, _ in found)
    if size <= _MOST_BYTES:
        return size
    for stat, path in sorted(found, key=lambda each: each[0].st_mtime):
        if size <= _MOST_BYTES * _KEPT_SHARE:
            break
        os.unlink(path)
        size -= stat.st_size
    return size


def answers_for(setting: str) -> Answers | None:
    """Where answers are kept by the setting `cache`: off, memory or disk."""
    if setting == "disk":
        return DiskAnswers()
    return MemoryAnswers() if setting == "memory" else None


def key_of(endpoint: Endpoint, request: Request) -> str:
    """What two equal requests to an endpoint have in common; neither the key nor who watches is part of it."""
    asked: tuple[Any, ...] = astuple(replace(request, role="root", is_watched=True, is_fresh=False))
    where: tuple[Any, ...] = astuple(replace(endpoint, api_key=None, headers=(), silence_s=0.0))
    return hashlib.sha256(msgspec.json.encode((_FORMAT, where, asked))).hexdigest()


class CachedLM:
    """Answers equal requests from what is kept; a request that is `is_fresh` is asked anew, and its answer kept."""

    def __init__(self, lm: LM, endpoint: Endpoint, answers: Answers) -> None:
        self._lm = lm
        self._endpoint = endpoint
        self._answers = answers

    @property
    def name(self) -> str:
        """The name of the LM behind it."""
        return self._lm.name

    @property
    def price(self) -> Price | None:
        """What a call costs that is not answered from here."""
        return price_of(self._lm)

    @property
    def held_to(self) -> str:
        """What the server holds an answer to when it is asked."""
        return held_to(self._lm)

    async def complete(self, request: Request, on_delta: OnDelta | None = None) -> Response:
        """The kept answer of an equal request, at no cost, else a new one, which is kept."""
        key = key_of(self._endpoint, request)
        kept = None if request.is_fresh else self._answers.get(key)
        if kept is not None:
            if on_delta is not None:
                on_delta(kept.text)
            usage = Usage(0, 0, 0.0 if kept.is_paid else None)
            return Response(kept.text, usage, kept.finish_reason, kept.reasoning, held_to=kept.held_to, cached=True)
        response = await self._lm.complete(request, on_delta)
        if response.text and response.finish_reason is not None:
            about = response.finish_reason, response.reasoning, response.held_to
            self._answers.put(key, Answer(response.text, *about, is_paid=response.usage.cost_usd is not None))
        return response

    async def close(self) -> None:
        """Give back the LM behind it."""
        await self._lm.close()

"""Every small file that a person can hand us is read through one door: what may never end is named, not waited for."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from rlm_tui import files
from rlm_tui.config import env_file, load
from rlm_tui.config.writing import save
from rlm_tui.context import cache as documents
from rlm_tui.engine.dialect import dialect
from rlm_tui.errors import RlmTuiError
from rlm_tui.lm import generic, prices
from rlm_tui.lm.cache import DiskAnswers
from rlm_tui.lm.scripted import load_script
from rlm_tui.tools.making import toolbox
from rlm_tui.trace.opening import is_trace, open_trace
from rlm_tui.trace.sidecar import load_sidecar
from rlm_tui.ui.theme import load_themes


def _socket(path: Path) -> None:
    here = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as listener:  # by a short name, as a socket's may not be long
        listener.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _kernel(path: Path) -> None:
    path.symlink_to("/proc/self/mem")


def _huge(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(1 << 40)


def _loop(path: Path) -> None:
    path.symlink_to(path)


IRREGULAR: list[Callable[[Path], None]] = [os.mkfifo, os.mkdir, _socket, _endless, _kernel, _huge, _loop]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own."""
    monkeypatch.setenv("RLM_TUI_HOME", str(tmp_path))
    return tmp_path


def _placed(path: Path, make: Callable[[Path], None]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    return str(path)


TYPED: dict[str, tuple[str, Callable[[str], object]]] = {
    "settings": ("config.toml", lambda _: load()),
    "saving a setting": ("config.toml", lambda _: save("theme", "rlm-light")),
    "keys": ("keys.env", lambda name: env_file.read_into_environment(name, is_typed=True)),
    "tools": ("tools.py", lambda name: toolbox([name])),
    "tools on the host": ("tools.py", lambda name: toolbox([f"host:{name}"])),
    "notes": ("run.rlm.notes.json", lambda name: load_sidecar(Path(name))),
    "dialect": ("mine.toml", dialect),
    "own dialect": ("dialects/mine.toml", lambda _: dialect("mine")),
    "prices": ("prices.toml", lambda _: prices.load()),
    "endpoint": ("endpoint.toml", generic.load),
    "script": ("answers.json", load_script),
    "trace": ("run.rlm.jsonl", lambda name: open_trace(Path(name))),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", IRREGULAR)
@pytest.mark.parametrize("what", TYPED)
def test_what_is_no_small_file_is_one_sentence(home: Path, what: str, make: Callable[[Path], None]) -> None:
    place, read = TYPED[what]
    name = _placed(home / place, make)
    with pytest.raises(RlmTuiError) as caught:
        read(name)
    said = str(caught.value)
    assert name in said
    assert said.endswith(".")
    assert not any(each in said for each in ("\n", "Errno", "Traceback"))


@pytest.mark.parametrize("what", [what for what in TYPED if what != "saving a setting"])
def test_a_link_that_leads_nowhere_is_one_sentence_and_no_absence(home: Path, what: str) -> None:
    place, read = TYPED[what]
    with pytest.raises(RlmTuiError, match="it is a link to a file that is not there"):
        read(_placed(home / place, lambda path: path.symlink_to(home / "gone")))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", IRREGULAR)
def test_a_theme_that_is_no_file_is_passed_over(home: Path, make: Callable[[Path], None]) -> None:
    name = _placed(home / "themes" / "mine.toml", make)
    themes, faults = load_themes()
    assert len(themes) == 4
    assert [fault.sentence.startswith(f"The theme {name} is passed over") for fault in faults] == [True]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", IRREGULAR)
def test_what_lies_in_a_cache_is_no_loss(home: Path, make: Callable[[Path], None]) -> None:
    key = "ab" * 32
    _placed(home / "cache" / "answers" / "ab" / f"{key}.json", make)
    _placed(documents._path(key, "pdf"), make)
    assert (DiskAnswers().get(key), documents.look_up(key, "pdf")) == (None, None)
    documents.keep(key, "pdf", documents.Entry("text"))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("make", IRREGULAR)
def test_none_of_them_is_taken_for_a_trace(home: Path, make: Callable[[Path], None]) -> None:
    assert not is_trace(_placed(home / "run.jsonl", make))


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_what_editors_of_other_systems_write_is_read(home: Path, mark: bytes, end: bytes) -> None:
    (home / "config.toml").write_bytes(mark + end.join([b"memory = 300", b"[keys]", b'"gate.run" = "z"', b""]))
    assert (load()["memory"], load().keys) == (300, {"gate.run": ("z",)})
    save("memory", 400)
    assert load()["memory"] == 400


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 5000, "a = \x00", "= 1"])
def test_what_is_no_toml_is_one_sentence(home: Path, text: str) -> None:
    (home / "config.toml").write_text(text)
    with pytest.raises(RlmTuiError, match=r"The settings .*config\.toml are no TOML \(.+\); mend that place\."):
        load()


def test_a_file_that_may_not_be_read_is_one_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text("memory = 300")

    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.os, "open", refused)
    with pytest.raises(RlmTuiError, match=r"cannot be read \(permission denied\)"):
        load()


@pytest.mark.parametrize("what", ["keys", "tools", "tools on the host", "endpoint", "script"])
def test_the_home_of_nobody_is_a_file_that_is_missing(what: str) -> None:
    with pytest.raises(RlmTuiError, match=r"~nobody-of-this-name/x.* cannot be read.*no such file"):
        TYPED[what][1]("~nobody-of-this-name/x.py")


def test_a_cache_that_cannot_be_written_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    key = "ab" * 32
    documents.keep(key, "pdf", documents.Entry("text"))

    def refused(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(documents.os, "utime", refused)
    monkeypatch.setattr(documents.tempfile, "mkstemp", refused)
    entry = documents.look_up(key, "pdf")
    assert entry is not None
    assert entry.text == "text"
    documents.keep(key, "pdf", documents.Entry("another"))

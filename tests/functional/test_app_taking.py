"""Taking away by hand: the copy menu, the original in a viewer, what is held in one's own editor."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rlm_tui.errors import UsageError
from rlm_tui.ui import editing, viewers
from rlm_tui.ui.clipboard import copy_with_tool, through_terminal
from tests.driving import block, live
from tests.states import asked, finished, held, still
from tests.terminal import Terminal, python
from tests.trajectories import BATCH, RUNS
from tests.ui_kit import Hand, on_screen

Tools = Callable[..., Path]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Makes programs that stand alone on the path, each a shell script; no desktop and no editor are there else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_TTY", "SSH_CONNECTION", "EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)

    def make(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        path.chmod(0o755)
        return path

    return make


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


# -- copy


async def test_the_menu_names_what_can_be_copied_and_its_letter_copies(tools: Tools) -> None:
    async with on_screen(held()) as hand:
        await hand.press("y")
        await hand.until(lambda: "what is held" in hand.screen())
        assert all(words in hand.screen() for words in ("the code", "request as JSON", "request as curl", "as JSON"))
        await hand.press("c")
        await hand.until(lambda: "Copied the code" in hand.bar("GateBar"))
        assert "through the terminal (OSC 52)" in hand.bar("GateBar")
        assert hand.app.clipboard == BATCH


async def test_the_menu_is_walked_clicked_and_left(tools: Tools) -> None:
    async with on_screen(finished()) as hand:
        await hand.press("y")
        await hand.until(lambda: "letter or Enter copies" in hand.screen())
        await hand.press("j", "enter")
        await hand.until(lambda: "Copied the question" in hand.bar("GateBar"))
        await hand.press("y")
        await hand.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        await hand.press("y")
        await hand.until(lambda: "letter or Enter copies" in hand.screen())
        await hand.pilot.click(offset=(1, 1))
        await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_where_nothing_happened_nothing_can_be_copied(tools: Tools) -> None:
    async with on_screen(asked()) as hand:
        await hand.press("y")
        assert "nothing here yet to copy" in hand.bar("GateBar")


async def test_a_tool_of_the_desktop_comes_first_and_one_that_fails_is_passed_over(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("WAYLAND_DISPLAY", "w")
    tools("wl-copy", "exit 1")
    tools("xclip", f"cat > {tmp_path}/taken")
    async with on_screen(held()) as hand:
        await hand.press("y", "h")
        await hand.until(lambda: "to the clipboard with xclip" in hand.bar("GateBar"))
        assert read(tmp_path / "taken") == BATCH


def test_over_ssh_the_terminal_takes_the_text(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    tools("xclip", "exit 0")
    monkeypatch.setenv("DISPLAY", ":0")
    assert copy_with_tool("x") == "xclip"
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")
    assert copy_with_tool("x") == ""


def test_a_text_that_is_long_for_a_terminal_is_said_to_be() -> None:
    assert "may refuse" not in through_terminal("x" * 74_000)
    assert "may refuse" in through_terminal("ä" * 40_000)


# -- the original


async def opened(hand: Hand, words: str) -> None:
    await hand.press("5", "o")
    await hand.until(lambda: words in hand.bar("GateBar"))


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF")
    return path


async def test_without_a_display_the_file_and_the_page_are_told(tools: Tools, report: Path) -> None:
    session = still(RUNS["clean"](), "finished")
    assert session.document is not None
    session.document.parts[0].path = str(report)
    async with on_screen(session, (200, 60)) as hand:
        await opened(hand, f"There is no display here to show report.pdf p. 1 on; the file is {report}.")


async def test_the_viewer_of_the_desktop_opens_at_the_page(
    tools: Tools, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    tools("xdg-mime", "echo org.gnome.Evince.desktop")
    tools("evince", f'echo "$@" > {tmp_path}/args')
    session = still(RUNS["clean"](), "finished")
    assert session.document is not None
    session.document.parts[0].path = str(report)
    async with on_screen(session) as hand:
        await hand.press("5")
        context = hand.app.main.pane("context")
        context.go_to(0, session.document.parts[0].pages[2])
        await hand.until(lambda: context.place == (0, 3))
        await opened(hand, "report.pdf p. 3 is open in your viewer.")
        assert read(tmp_path / "args") == f"--page-label=3 {report}\n"


async def test_a_viewer_that_is_unknown_or_fails_or_is_missing_is_told(
    tools: Tools, report: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    session = still(RUNS["clean"](), "finished")
    assert session.document is not None
    session.document.parts[0].path = str(report)
    async with on_screen(session, (200, 60)) as hand:
        await opened(hand, "xdg-open is missing")
        tools("xdg-open", "exit 0")
        await opened(hand, "is open in your viewer; turn to p. 1 there.")
        session.document.parts[0].kind = "text"  # one with form feeds
        await opened(hand, "report.pdf is open in your viewer.")
        tools("xdg-open", "exit 3")
        await opened(hand, "did not open: xdg-open ended with code 3.")


async def test_an_original_that_is_no_file_is_told(tools: Tools) -> None:
    async with on_screen(finished()) as hand:
        await opened(hand, "The original is no file at hand")


def test_a_viewer_that_stays_open_is_left_alone(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "_PATIENCE_S", 0.05)
    viewer, trouble = viewers.start([str(tools("slow", "exec sleep 60"))])
    assert trouble == ""
    assert viewer is not None
    viewer.kill()
    viewer.wait()


# -- the editor


def test_what_the_editor_saves_comes_back_exactly(tools: Tools) -> None:
    tool = str(tools("ed1", 'printf "b\\r\\nä\\n" > "$1"'))
    assert editing.edit_outside([tool], "a", ".py") == editing.Edited("b\r\nä")
    assert editing.edit_outside([tool], "a\n", ".py") == editing.Edited("b\r\nä\n")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 1", "ended with code 1; nothing was changed."),
        ("kill -9 $$", "was killed by signal 9; nothing was changed."),
        ('rm "$1"', "left no file; nothing was changed."),
        ('printf "\\377" > "$1"', "cannot be read (it is no UTF-8 text); nothing was changed."),
    ],
)
def test_an_editor_that_fails_changes_nothing(tools: Tools, script: str, words: str) -> None:
    edited = editing.edit_outside([str(tools("ed1", script))], "a", ".py")
    assert edited.trouble.endswith(words)
    assert edited.text == ""


def test_an_editor_that_does_not_start_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    edited = editing.edit_outside([str(tmp_path / "gone")], "a", ".py")
    assert "does not start (no such file or directory); nothing was changed." in edited.trouble
    assert list(tmp_path.iterdir()) == []


def test_what_an_editor_left_under_another_name_is_not_taken_away(tools: Tools, tmp_path: Path) -> None:
    script = f'mv "$1" "$1.bak"; echo "$1.bak" > {tmp_path}/where'
    assert "left no file" in editing.edit_outside([str(tools("ed1", script))], "hours of work", ".py").trouble
    assert Path((tmp_path / "where").read_text().strip()).read_text() == "hours of work"


def test_what_a_dying_editor_saved_is_kept(tools: Tools) -> None:
    edited = editing.edit_outside([str(tools("ed1", 'echo hours of work > "$1"; kill -9 $$'))], "a", ".py")
    path = Path(edited.trouble.rpartition(" is in ")[2].removesuffix("."))
    assert path.read_text() == "hours of work\n"


@pytest.mark.parametrize(
    ("value", "words"), [("", "set $EDITOR"), ("gone --wait", "is not there"), ("'", "is not there")]
)
def test_no_editor_is_one_sentence(tools: Tools, value: str, words: str) -> None:
    with pytest.raises(UsageError, match="editor") as caught:
        editing.editor_command({"EDITOR": value})
    assert words in str(caught.value)


def test_visual_comes_before_editor(tools: Tools) -> None:
    tools("one", "")
    tools("two", "")
    assert editing.editor_command({"EDITOR": "two", "VISUAL": "one -w"}) == ["one", "-w"]


async def test_a_screen_that_cannot_be_left_says_so_and_no_editor_too(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on_screen(held()) as hand:
        await hand.press("2", "o")
        assert "No editor is set" in hand.bar("GateBar")
        tools("ed1", "")
        monkeypatch.setenv("EDITOR", "ed1")
        await hand.press("o")
        assert "cannot be handed to an editor" in hand.bar("GateBar")


async def test_what_came_back_too_late_is_kept_in_a_file(tmp_path: Path) -> None:
    with live(tmp_path, [block("x = 1"), "FINAL(3)"]) as driver:
        async with on_screen(driver.start(step=True).session) as hand:
            await hand.held("before_code")
            hold = hand.app.session.trajectory.now().holds()[0]
            take = hand.app.controllers.take
            take._take(hold, "x = 1", editing.Edited("x = 1"), ".py")
            assert "changed nothing" in hand.bar("GateBar")
            await hand.press("a")
            await hand.held("after_code")
            take._take(hold, "x = 1", editing.Edited("x = 2"), ".py")
            said = " ".join(hand.bar("GateBar").split())
            assert "is no longer held; your text is kept in" in said


def test_an_editor_has_the_terminal_for_itself_and_its_edit_runs(tmp_path: Path) -> None:
    """The real app in a real terminal: an editor that dies changes nothing; one that works changes what runs."""
    note = tmp_path / "note.txt"
    note.write_text("The password is marlin.\n")
    script = tmp_path / "editor.py"
    script.write_text(
        "import os, sys\nsys.stdout.write('THE EDITOR IS HERE')\nsys.stdout.flush()\n"
        "answer = sys.stdin.readline().strip()\n"
        "open(sys.argv[1], 'w').write('print(6 * 7)\\n')\n"
        "if answer == 'die': os.kill(os.getpid(), 9)\n"
    )
    env = {"RLM_TUI_HOME": str(tmp_path), "EDITOR": f"{sys.executable} {script}", "TMPDIR": str(tmp_path)}
    words = ["open", str(note), "-q", "What is the password?", "-m", "offline", "--step", "--sandbox", "none"]
    with Terminal(python(*words), env={**os.environ, **env}) as terminal:
        terminal.wait("HELD")
        terminal.press_until("o", "THE EDITOR IS HERE")
        terminal.press("die", "\r")
        terminal.wait("was killed by signal 9", "HELD")
        terminal.press_until("o", "THE EDITOR IS HERE")
        terminal.press("go", "\r")
        terminal.wait("print(6 * 7)", "HELD")
        terminal.press_until("a", "42")
        terminal.press("ctrl+q")
        terminal.wait("Quit?")
        terminal.press("y")
        assert terminal.finish() == 0

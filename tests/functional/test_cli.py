"""The command line as people script against it: stdout is data, stderr is talk, exit codes stay put."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rlm_tui.cli import main
from tests.driving import block, script
from tests.pdfs import make_pdf


def rlm_tui(*words: str, home: Path, stdin: str | bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command without a terminal and return what it said."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    environment = {"PATH": os.environ["PATH"], "RLM_TUI_HOME": str(home), "TERM": "xterm-256color", **env}
    return subprocess.run(
        [sys.executable, "-m", "rlm_tui", *words], input=data, capture_output=True, env=environment, check=False
    )


@pytest.fixture
def note(tmp_path: Path) -> str:
    path = tmp_path / "note.txt"
    path.write_text("The password is marlin. It was set in May.\n" * 3)
    return str(path)


def lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("words", [("run", "a.txt", "--nope"), ("nope",), ("run",)])
def test_a_wrong_command_line_is_one_sentence_with_one_name(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = rlm_tui(*words, home=tmp_path)
    said = done.stderr.decode()
    assert done.returncode == 2
    assert said.startswith("rlm-tui: ")
    assert said.count("\n") == 1
    assert "rlm-tui: rlm-tui" not in said


def test_run_prints_the_answer_alone_on_stdout(tmp_path: Path, note: str) -> None:
    model = script(tmp_path, [block("print(1)"), "FINAL(forty-two)"])
    done = rlm_tui("run", note, "-q", "What?", "-m", model, home=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"forty-two\n")
    assert b"NOT SANDBOXED" in done.stderr


def test_run_says_what_it_read_and_what_that_takes_before_it_asks(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"name": "marlin"}')
    (tmp_path / "b.txt").write_bytes("Der Käse ist weiß 😀".encode())
    model = script(tmp_path, ["FINAL(x)"])
    words = ("run", str(tmp_path / "a.json"), str(tmp_path / "b.txt"), "-q", "What?", "-m", model)
    said = rlm_tui(*words, home=tmp_path).stderr.decode().splitlines()
    asking = next(index for index, line in enumerate(said) if line.startswith("Asking"))
    assert said[:asking][:3] == [
        "Read a.json: 18 characters (JSON, an object of 1 key: name).",
        "Read b.txt: 19 characters.",
        "The context takes 94 B in the REPL, 4 bytes a character because of 😀 U+1F600 on line 1.",
    ]


def test_a_context_that_is_too_large_for_the_memory_is_warned_of_before_it_is_tried(tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_text("x" * 70_000_000)
    words = ("run", str(tmp_path / "large.txt"), "-q", "What?", "-m", script(tmp_path, ["FINAL(x)"]), "--memory", "128")
    done = rlm_tui(*words, home=tmp_path)
    said = done.stderr.decode()
    assert done.returncode == 1
    assert said.index("may not fit in the REPL's") < said.index("cannot be loaded")
    assert "--memory 500 gives it room" in said


def test_run_takes_the_keyword_search_where_no_model_is_named_and_says_so(tmp_path: Path, note: str) -> None:
    done = rlm_tui("run", note, "-q", "What is the password?", home=tmp_path)
    assert done.returncode == 0
    assert b"marlin" in done.stdout
    assert b"no LLM" in done.stderr


def test_run_json_ends_with_run_finished(tmp_path: Path, note: str) -> None:
    model = script(tmp_path, [{"text": "FINAL(42)", "usage": {"input_tokens": 7, "output_tokens": 2}}])
    done = rlm_tui("run", note, "-q", "What?", "-m", model, "--json", home=tmp_path)
    last = lines(done)[-1]
    assert (last["type"], last["status"], last["answer"]) == ("run.finished", "answered", "42")
    assert last["usage"]["input_tokens"] == 7
    assert all("type" in each for each in lines(done))


def test_run_json_shows_long_texts_in_full(tmp_path: Path, note: str) -> None:
    model = script(tmp_path, [block("print('x' * 5000)"), "FINAL(42)"])
    done = rlm_tui("run", note, "-q", "What?", "-m", model, "--json", home=tmp_path)
    (finished,) = [each for each in lines(done) if each["type"] == "code.finished"]
    assert finished["stdout"] == "x" * 5000 + "\n"


def test_a_limit_exits_4_and_the_partial_answer_is_marked(tmp_path: Path, note: str) -> None:
    model = script(tmp_path, [block("print(1)"), "I think 7."])
    done = rlm_tui("run", note, "-q", "What?", "-m", model, "--max-iterations", "1", home=tmp_path)
    assert done.returncode == 4
    assert b"I think 7." in done.stdout
    assert b"may be partial" in done.stdout


def test_a_script_used_up_exits_1_and_names_its_file(tmp_path: Path, note: str) -> None:
    done = rlm_tui("run", note, "-q", "What?", "-m", script(tmp_path, []), home=tmp_path)
    assert done.returncode == 1
    assert b"script.json" in done.stderr


def test_a_refused_key_exits_3(tmp_path: Path, note: str) -> None:
    model = script(tmp_path, [{"error": {"status": 401}}])
    assert rlm_tui("run", note, "-q", "What?", "-m", model, home=tmp_path).returncode == 3
    done = rlm_tui("run", note, "-q", "What?", "-m", "openai/gpt-4o-mini", home=tmp_path)
    assert done.returncode == 3
    assert b"OPENAI_API_KEY" in done.stderr


def bad_documents(folder: Path) -> list[tuple[list[str], str]]:
    (folder / "empty.txt").touch()
    (folder / "binary.bin").write_bytes(bytes(range(256)) * 9)
    (folder / "scan.pdf").write_bytes(make_pdf(["", ""]))
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\nrubbish")
    (folder / "locked.docx").write_bytes(b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"))
    (folder / "app.html").write_text("<title>App</title><script src=app.js></script>")
    (folder / "images").mkdir()
    (folder / "images" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "nothing").mkdir()
    os.mkfifo(folder / "pipe")
    names = ("missing.pdf", "empty.txt", "binary.bin", "scan.pdf", "broken.pdf", "nothing", "pipe")
    names += ("locked.docx", "app.html", "images", "*.xyz")
    return [([str(folder / name)], name) for name in names]


def test_every_bad_document_gets_one_sentence_and_exit_2(tmp_path: Path) -> None:
    for words, name in bad_documents(tmp_path):
        done = rlm_tui("run", *words, "-q", "What?", home=tmp_path)
        said = done.stderr.decode().splitlines()
        assert (done.returncode, done.stdout) == (2, b""), name
        assert len(said) == 1, said
        assert name in said[0]
        assert "Traceback" not in said[0]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["run", "x.txt"], "needs a question"),
        (["run", "x.txt", "-q", " "], "needs a question"),
        (["run"], "PATH"),
        (["run", "x.txt", "-q", "?", "-m", "opnai/gpt"], "openai"),
        (["run", "x.txt", "-q", "?", "-m", "human"], "rlm-tui open"),
        (["run", "x.txt", "-q", "?", "-m", "scripted:/no/such.json"], "such.json"),
        (["run", "x.txt", "-q", "?", "--dialect", "latin"], "latin"),
        (["run", "x.txt", "-q", "?", "--sandbox", "strong"], "strong"),
        (["run", "x.txt", "-q", "?", "--max-iterations", "0"], "above 0"),
        (["run", "x.txt", "-q", "?", "--max-seconds", "nan"], "above 0"),
        (["run", "x.txt", "-q", "?", "--memory", "1"], "megabytes"),
        (["repl", "--memory", "9" * 30], "megabytes"),
        (["repl", "--block-timeout", "x"], "above 0"),
        (["run", "x.txt", "-q", "?", "--trace", "a", "--no-trace"], "contradict"),
        (["run", "sample:nothing", "-q", "?"], "sample"),
        (["open", "x.txt", "--unknown"], "--unknown"),
        (["fly"], "fly"),
    ],
)
def test_a_command_line_that_cannot_be_meant_is_one_sentence(tmp_path: Path, words: list[str], part: str) -> None:
    done = rlm_tui(*words, home=tmp_path)
    said = done.stderr.decode()
    assert done.returncode == 2, said
    assert part in said
    assert len(said.splitlines()) == 1, said
    assert done.stdout == b""


@pytest.mark.parametrize("words", [["open", "sample:report"], ["replay", "sample:clean"], ["open", "sample:clean"]])
def test_without_a_terminal_the_app_refuses_in_one_line_that_names_run(tmp_path: Path, words: list[str]) -> None:
    done = rlm_tui(*words, home=tmp_path)
    assert done.returncode == 2
    said = done.stderr.decode()
    assert "rlm-tui run" in said
    assert f"rlm-tui {words[0]} --plain" in said
    assert len(said.splitlines()) == 1


def test_replay_of_what_is_no_trace_exits_5(tmp_path: Path, note: str) -> None:
    for path in (note, str(tmp_path / "missing.rlm.jsonl")):
        done = rlm_tui("replay", path, home=tmp_path)
        assert done.returncode == 5
        assert len(done.stderr.splitlines()) == 1


def test_a_document_may_come_from_standard_input(tmp_path: Path) -> None:
    model = script(tmp_path, [block("n = len(context)"), "FINAL_VAR(n)"])
    done = rlm_tui("run", "-", "-q", "?", "-m", model, home=tmp_path, stdin="12345")
    assert done.stdout == b"5\n"
    pdf = make_pdf(["one page", "and another"])
    assert rlm_tui("run", "-", "-q", "?", "-m", model, home=tmp_path, stdin=pdf).returncode == 0


def test_several_paths_are_a_list_in_their_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text(name)
    model = script(tmp_path, [block("FINAL(context)")])
    paths = str(tmp_path / "b.txt"), str(tmp_path / "a.txt")
    done = rlm_tui("run", *paths, "-q", "?", "-m", model, home=tmp_path)
    assert done.stdout == b"['b.txt', 'a.txt']\n"


def test_the_trace_goes_where_it_is_told_and_nowhere_with_no_trace(tmp_path: Path, note: str) -> None:
    model = script(tmp_path, ["FINAL(42)"])
    rlm_tui("run", note, "-q", "?", "-m", model, "--trace", str(tmp_path / "my.rlm.jsonl"), home=tmp_path)
    assert (tmp_path / "my.rlm.jsonl").stat().st_mode & 0o777 == 0o600
    rlm_tui("run", note, "-q", "?", "-m", model, "--no-trace", home=tmp_path)
    assert not (tmp_path / "data").exists()
    rlm_tui("run", note, "-q", "?", "-m", model, home=tmp_path)
    (saved,) = (tmp_path / "data" / "traces").iterdir()
    assert saved.name.endswith(".rlm.jsonl")
    runs = rlm_tui("runs", "--json", home=tmp_path)
    assert lines(runs)[0]["status"] == "answered"


def test_an_existing_trace_is_never_overwritten(tmp_path: Path, note: str) -> None:
    path = tmp_path / "my.rlm.jsonl"
    path.write_text("precious")
    done = rlm_tui("run", note, "-q", "?", "-m", "offline", "--trace", str(path), home=tmp_path)
    assert done.returncode == 5
    assert path.read_text() == "precious"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_a_run_and_keeps_its_trace(tmp_path: Path, note: str, number: signal.Signals) -> None:
    model = script(tmp_path, [block("while True: pass")])
    trace = tmp_path / "my.rlm.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "rlm_tui", "run", note, "-q", "?", "-m", model, "--json", "--trace", str(trace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "RLM_TUI_HOME": str(tmp_path)},
    )
    assert process.stdout is not None
    with process.stdout as out:
        for line in out:
            if b'"code.started"' in line:
                process.send_signal(number)
            last = line
    assert process.wait() == 130
    finished = json.loads(last)
    assert finished["status"] == "stopped"
    by = "Stopped by you." if number == signal.SIGINT else f"rlm-tui was told to end ({number.name})."
    assert finished["detail"] == by
    assert rlm_tui("trace", "verify", str(trace), home=tmp_path).returncode == 0


def test_a_reader_that_goes_away_ends_it_quietly_and_is_no_success(tmp_path: Path, note: str) -> None:
    model = script(tmp_path, [*[block(f"print('{'x' * 9000}')")] * 9, "FINAL(42)"])
    command = f"{sys.executable} -m rlm_tui run {note} -q ? -m {model} --json | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, env={**os.environ, "RLM_TUI_HOME": str(tmp_path)}, check=False
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_debug_shows_the_traceback_and_the_same_exit_code(tmp_path: Path) -> None:
    done = rlm_tui("run", "missing.txt", "-q", "?", "-m", "offline", "--debug", home=tmp_path)
    assert done.returncode == 2
    assert b"Traceback" in done.stderr


def test_version_and_help_go_to_stdout(tmp_path: Path) -> None:
    from rlm_tui import __version__

    assert rlm_tui("--version", home=tmp_path).stdout.decode().strip() == f"rlm-tui {__version__}"
    for words in ([], ["--help"], ["run", "--help"]):
        done = rlm_tui(*words, home=tmp_path)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout


def test_a_trace_in_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, note: str) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = rlm_tui("run", note, "-q", "?", "-m", "offline", "--trace", str(blocked / "x.rlm.jsonl"), home=tmp_path)
    said = done.stderr.decode().splitlines()
    assert done.returncode == 5
    assert "x.rlm.jsonl" in said[-1]
    assert "Traceback" not in done.stderr.decode()


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_streams_that_are_closed_are_no_fault(tmp_path: Path, note: str, closed: tuple[int, ...]) -> None:
    def close() -> None:
        for fd in closed:
            os.close(fd)

    environment = {**os.environ, "RLM_TUI_HOME": str(tmp_path)}
    for words, code in (
        (["run", note, "-q", "password?", "-m", "offline"], int(1 in closed)),
        (["repl"], 0),
        (["run", "-", "-q", "?"], 2),
    ):
        command = [sys.executable, "-m", "rlm_tui", *words]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, preexec_fn=close, check=False
        )
        assert done.returncode == code
        assert b"nexpected" not in done.stderr
    assert not (tmp_path / "data" / "crash.log").exists()


def test_a_full_disk_under_stdout_is_one_sentence(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rlm_tui", "trace", "info", "sample:clean"],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "RLM_TUI_HOME": str(tmp_path)},
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert b"no space left" in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"], []])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_help_that_cannot_be_written_is_no_success(tmp_path: Path, words: list[str], unbuffered: str) -> None:
    env = {**os.environ, "RLM_TUI_HOME": str(tmp_path), "PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "rlm_tui", *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=env, check=False)
    assert done.returncode == 1
    assert done.stderr == b"rlm-tui: The output cannot be written (no space left on device); send it elsewhere.\n"


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--max-iterations=99999999999999999999999", "is not a whole number above 0, at most 9007199254740992;"),
        ("--max-seconds=1e308", "'1e308' is not a number above 0, at most 9007199254740992;"),
        ("--max-seconds=nan", "'nan' is not a number above 0;"),
        ("--seed=9223372036854775808", "is not a whole number from -9007199254740992 to 9007199254740992;"),
        ("--seed=1.5", "'1.5' is not a whole number from"),
        ("--temperature=inf", "'inf' is not a number from -9007199254740992 to"),
    ],
)
def test_a_number_that_is_too_large_is_told_the_bound(option: str, said: str) -> None:
    command = [sys.executable, "-m", "rlm_tui", "run", "sample:report", "-q", "?", "-m", "offline", option]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr.decode()


@pytest.mark.parametrize(("shell", "why"), [(">&-", "stdout is closed"), (">/dev/full", "no space left on device")])
@pytest.mark.parametrize("more", ["", "--json"])
def test_an_answer_that_cannot_be_written_is_no_success_and_the_trace_is_kept(
    tmp_path: Path, note: str, shell: str, why: str, more: str
) -> None:
    trace = tmp_path / "run.rlm.jsonl"
    model = script(tmp_path, ["FINAL(42)"])
    command = f"{sys.executable} -m rlm_tui run {note} -q ? -m {model} --trace {trace} {more} {shell}"
    env = {**os.environ, "RLM_TUI_HOME": str(tmp_path)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, env=env, check=False)
    assert done.returncode == 1
    assert f"The output cannot be written ({why})" in done.stderr.decode().splitlines()[-1]
    assert str(trace) in done.stderr.decode()
    assert rlm_tui("trace", "verify", str(trace), home=tmp_path).returncode == 0


def test_a_response_that_is_too_long_or_may_never_come_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "long", "wb") as file:
        file.truncate(100_000_001)
    for name, why in (
        ("/dev/zero", b"a device"),
        (str(tmp_path / "pipe"), b"a pipe"),
        (str(tmp_path / "long"), b"longer"),
    ):
        done = rlm_tui("parse", name, home=tmp_path)
        assert (done.returncode, why in done.stderr) == (2, True), done.stderr


_LONG = "x" * 5_000


@pytest.mark.parametrize(
    "words",
    [
        ("run", _LONG),
        ("run", f"{_LONG}*"),
        ("run", "{note}", "--dialect", _LONG),
        ("run", "{note}", "--dialect", f"{_LONG}.toml"),
        ("run", "{note}", "--tools", _LONG),
        ("run", "{note}", "--tools", f"{_LONG}:f"),
        ("run", "{note}", "--tools", f"host:{_LONG}.py"),
        ("run", "{note}", "--env-file", _LONG),
        ("run", "{note}", "-m", "openai/m", "--base-url", _LONG),
        ("run", "{note}", "-m", _LONG),
        ("run", "{note}", "-m", f"scripted:{_LONG}"),
        ("run", "{note}", "-m", f"generic:{_LONG}"),
        ("run", "{note}", "-m", f"replay:{_LONG}"),
        ("parse", _LONG),
        ("parse", "{note}", "--dialect", _LONG),
    ],
    ids=lambda words: " ".join(word.replace(_LONG, "LONG") for word in words),
)
def test_a_name_that_no_file_can_have_is_a_sentence_and_exit_2(
    words: tuple[str, ...], tmp_path: Path, note: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = tuple(note if word == "{note}" else word for word in words)
    question = ("-q", "?") if words[0] == "run" else ()
    assert main([*words, *question]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "nexpected" not in said[0]


@pytest.mark.parametrize("words", [("replay", _LONG), ("trace", "info", _LONG), ("trace", "verify", _LONG)])
def test_a_trace_of_such_a_name_is_not_there(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words]) == 5
    out, err = capsys.readouterr()
    assert "nexpected" not in out + err


@pytest.mark.parametrize("model", [" offline", "offline "])
def test_space_around_a_model_is_no_part_of_its_name(tmp_path: Path, note: str, model: str) -> None:
    for words, env in ((("-m", model), {}), ((), {"RLM_TUI_MODEL": model})):
        done = rlm_tui("run", note, "-q", "What is the password?", *words, "--json", home=tmp_path, **env)
        started = next(each for each in lines(done) if each["type"] == "run.started")
        assert (started["model"], started["dialect"]) == ("offline", "paper")


@pytest.mark.parametrize("number", ["nan", "inf", "1e400", "warm"])
def test_a_temperature_is_a_number(tmp_path: Path, note: str, number: str) -> None:
    done = rlm_tui("run", note, "-q", "?", "-m", "offline", "--temperature", number, home=tmp_path)
    assert done.returncode == 2
    assert "--temperature" in done.stderr.decode()


def test_an_answer_that_the_locale_has_no_characters_for_is_written_with_escapes(tmp_path: Path, note: str) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps(["FINAL(Zürich ‖ 数)"]))
    words = ("run", note, "-q", "Wo?", "-m", f"scripted:{answers}", "--sandbox", "none")
    done = rlm_tui(*words, home=tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (0, b"Z\\xfcrich \\u2016 \\u6570\n")

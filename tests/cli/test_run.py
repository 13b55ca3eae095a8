import errno
import subprocess
import sys

import pytest

import axialkit
from axialkit.cli import COMMANDS, main
from axialkit.cli.run import Command, explain, run
from axialkit.errors import InputError


def failing(error):
    class Failing(Command):
        def __call__(self, argv):
            raise error

    return [Failing("fail", "Group", "fails")]


def test_help_names_every_command_and_exits_0(axk):
    outcome = axk("--help")
    assert outcome.code == 0
    for command in COMMANDS:
        assert f"  {command.name} " in outcome.out
    assert outcome.err == ""


def test_no_command_shows_the_help_but_is_an_error(axk):
    assert axk().code == 2


def test_version(axk):
    assert axk("--version").out == f"axialkit {axialkit.__version__}\n"


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("trian", "train"), ("docter", "doctor"), ("data minicty", "data minicity")],
)
def test_a_wrong_command_gets_a_suggestion(axk, wrong, meant):
    outcome = axk(*wrong.split())
    assert outcome.code == 2
    assert f'There is no command "{wrong}". Did you mean "{meant}"?' in outcome.sentence


def test_the_group_data_lists_its_kinds(axk):
    assert axk("data", "--help").code == 0
    outcome = axk("data")
    assert outcome.code == 2
    assert "axialkit data minicity" in outcome.out


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_explains_itself(axk, command):
    outcome = axk(*command.split(), "--help")
    assert outcome.code == 0
    assert outcome.err == ""
    assert "Examples" in outcome.out
    assert f"axialkit {command}" in outcome.out


def test_an_input_error_is_one_sentence_and_exit_2(axk, capfd):
    assert run(failing(InputError("This is wrong.")), ["fail"]) == 2
    assert capfd.readouterr().err == "axialkit: This is wrong.\n"


@pytest.mark.parametrize("place", [["--debug", "fail"], ["fail", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(capfd, place):
    assert run(failing(InputError("This is wrong.")), place) == 2
    err = capfd.readouterr().err
    assert "Traceback" in err
    assert err.endswith("axialkit: This is wrong.\n")


def test_a_bug_says_that_it_is_one(capfd):
    assert run(failing(KeyError("stage9")), ["fail"]) == 1
    err = capfd.readouterr().err
    assert "This is a bug in axialkit (KeyError: 'stage9')" in err
    assert "--debug" in err
    assert "Traceback" not in err


def test_ctrl_c_is_130_and_one_sentence(capfd):
    assert run(failing(KeyboardInterrupt()), ["fail"]) == 130
    err = capfd.readouterr().err
    assert err == (
        "axialkit: Interrupted; no file is half-written. The same command starts again.\n"
    )


def test_ctrl_c_says_how_to_go_on_if_the_command_knows(capfd):
    assert run(failing(KeyboardInterrupt("Go on with: x --resume")), ["fail"]) == 130
    assert "Go on with: x --resume" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "The disk is full: cannot write /some/file"),
        (errno.EACCES, "No permission for /some/file"),
        (errno.EROFS, "Cannot write /some/file: this disk is read-only"),
        (errno.ENOENT, "There is no file or folder /some/file"),
        (errno.EIO, "/some/file: Input/output error."),
    ],
)
def test_what_the_system_refuses_is_explained(capfd, number, words):
    import os

    assert run(failing(OSError(number, os.strerror(number), "/some/file")), ["fail"]) == 2
    assert words in capfd.readouterr().err


def test_a_full_disk_behind_a_library_is_recognised():
    rust = RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")
    assert "The disk is full" in explain(rust)


def test_a_missing_extra_names_the_pip_line():
    error = ModuleNotFoundError("No module named 'gradio'", name="gradio")
    assert 'pip install -e ".[demo]"' in explain(error)


def test_an_error_of_our_own_modules_stays_a_bug():
    assert explain(ModuleNotFoundError("No module named 'axialkit.x'", name="axialkit.x")) is None


def test_python_m_axialkit_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "axialkit", "nothing"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 2
    assert done.stderr.startswith('axialkit: There is no command "nothing".')


def test_a_reader_that_stops_early_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m axialkit train tiny --help | head -1",
        shell=True, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_main_reads_sys_argv(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["axialkit", "--version"])
    assert main() == 0

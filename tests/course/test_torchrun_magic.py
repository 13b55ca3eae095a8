"""The cell magic: functions are handed over whole, results come back, failures are sentences."""

import math
import sys
import types

import pytest
import torch
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from axialkit.course import torchrun_magic
from axialkit.course.parts import shared_step
from axialkit.course.torchrun_magic import CellFailed, handed_code, results
from axialkit.errors import InputError

CELL = """
import functools
import math as maths
LIMIT = 3
def root(x):
    return maths.sqrt(x)
def twice(f, x):
    return min(LIMIT, root(f(x)) + (twice(f, x - 1) if x > 1 else 0))
"""


@pytest.fixture
def shell(monkeypatch):
    shell = InteractiveShell()
    monkeypatch.setattr(torchrun_magic, "get_ipython", lambda: shell)
    monkeypatch.setitem(sys.modules, "__main__", shell.user_module)
    torchrun_magic.register()
    yield shell
    InteractiveShell.clear_instance()


def test_functions_bring_what_they_use(shell):
    shell.run_cell(CELL)
    code = handed_code(["twice"], shell.user_ns)
    names = {}
    exec(code, names)  # noqa: S102
    assert names["twice"](lambda x: x * x, 2) == min(3, 2 + 1)
    assert "import math as maths" in code and "functools" not in code


def test_functions_of_libraries_are_imported(shell):
    shell.run_cell("from torch import cat, nn\ndef join(*x):\n    return nn.Flatten()(cat(x))")
    names = {}
    exec(handed_code(["join"], shell.user_ns), names)  # noqa: S102
    assert names["join"](torch.ones(1, 2), torch.ones(1, 2)).shape == (2, 2)


def test_the_packages_own_functions_come_as_source(shell):
    code = handed_code(["shared_step", "sqrt"], {"shared_step": shared_step, "sqrt": math.sqrt})
    assert "from math import sqrt as sqrt" in code
    assert "def shared_step(net, optimizer, part_loss, mean_over):" in code
    assert "axialkit.course" not in code


def test_names_of_their_own_are_not_looked_up(shell):
    shell.run_cell("mine = [1]\ndef share(x):\n    mine = x[::2]\n    return [n for n in mine]")
    assert "mine = [1]" not in handed_code(["share"], shell.user_ns)


def test_a_counter_that_is_global_comes_along(shell):
    shell.run_cell("calls = 4\ndef count():\n    global calls\n    calls += 1\n    return calls")
    names = {}
    exec(handed_code(["count"], shell.user_ns), names)  # noqa: S102
    assert names["count"]() == 5


def test_a_lambda_is_handed_over_under_its_name(shell):
    shell.run_cell("LIMIT = 3\nshare = lambda x, rank: x[rank::LIMIT]")
    names = {}
    exec(handed_code(["share"], shell.user_ns), names)  # noqa: S102
    assert names["share"]("abcdef", 1) == "be"
    shell.run_cell("one, two = (lambda: 1), (lambda: 2)")
    with pytest.raises(InputError, match="two is a lambda that cannot be cut out .* def"):
        handed_code(["two"], shell.user_ns)


@pytest.mark.parametrize(
    ("namespace", "words"),
    [
        ({"traim": 1}, 'there is no train in the notebook. Did you mean "traim"'),
        ({"train": [1]}, "train is a list, which cannot be handed to other processes"),
    ],
)
def test_what_cannot_be_handed_over_is_told(namespace, words):
    with pytest.raises(InputError, match=words):
        handed_code(["train"], namespace)


def test_a_cell_runs_with_its_functions_and_its_results_come_back(shell, capsys):
    shell.run_cell(CELL)
    body = "import os\nrank = int(os.environ['RANK'])\nprint('here')\nresult = [rank, root(4.0)]\n"
    shell.run_cell_magic("torchrun", "-n 2 --with root", body)
    assert sorted(capsys.readouterr().out.splitlines()) == ["0 │ here", "1 │ here"]
    assert results() == [[0, 2.0], [1, 2.0]]


def test_failures_are_sentences(shell, capsys, monkeypatch):
    def fails(code, processes, *, handed, show):
        assert code.startswith("\n") and processes == 3  # line numbers are those of the cell
        raise InputError("Process 1 stopped.")

    monkeypatch.setattr(torchrun_magic, "launch_script", fails)
    torchrun_magic.torchrun("-n 3 --may-fail", "x = 1")
    assert capsys.readouterr().out == "✗ Process 1 stopped.\n"
    with pytest.raises(CellFailed) as caught:
        torchrun_magic.torchrun("-n 3", "x = 1")
    assert caught.value._render_traceback_() == ["✗ Process 1 stopped."]
    with pytest.raises(UsageError, match="%%torchrun: argument -n: invalid int value: 'two'"):
        torchrun_magic.torchrun("-n two", "")


def test_without_results_it_says_so(monkeypatch):
    monkeypatch.setattr(torchrun_magic, "_last", [None, None])
    with pytest.raises(InputError, match="has left no results"):
        results()


def test_outside_of_a_notebook_nothing_is_registered(monkeypatch):
    monkeypatch.setattr(torchrun_magic, "get_ipython", lambda: None)
    torchrun_magic.register()
    assert isinstance(torchrun_magic, types.ModuleType)

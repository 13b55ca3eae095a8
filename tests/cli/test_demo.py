import ast
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

import axialkit


class Page:
    local_url = "http://127.0.0.1:7861/"
    closed = False

    def close(self):
        self.closed = True


@pytest.fixture
def served(monkeypatch):
    """Instead of a server: what it was asked for, and Ctrl-C half a second later."""
    calls, page = [], Page()

    def launch(weights, **options):
        calls.append({"weights": weights, **options})
        threading.Timer(0.5, lambda: signal.raise_signal(signal.SIGINT)).start()
        return page

    monkeypatch.setitem(sys.modules, "axialkit.demo.app", SimpleNamespace(launch=launch))
    return calls, page


def test_it_serves_until_ctrl_c(axk, served):
    calls, page = served
    outcome = axk("demo", "--port", 8080, "--weights", "runs/mine")
    assert outcome.code == 130
    assert outcome.sentence == "Interrupted; no file is half-written. The page is closed."
    assert "The page is at http://127.0.0.1:7861/" in outcome.out
    assert page.closed
    assert calls == [
        {
            "weights": "runs/mine", "host": "127.0.0.1", "port": 8080, "share": False,
            "open_browser": False, "block": False,
        }
    ]  # fmt: skip


def test_the_page_takes_these_arguments(axk, served):
    """Read from its source: importing the page takes seconds."""
    source = (Path(axialkit.__file__).parent / "demo" / "app.py").read_text()
    (launch,) = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == "launch"
    ]
    axk("demo")
    assert set(served[0][0]) - {"weights"} <= {argument.arg for argument in launch.args.kwonlyargs}


def test_it_is_private_by_default(axk, served):
    axk("demo")
    assert served[0][0]["host"] == "127.0.0.1"
    assert served[0][0]["share"] is False


def test_a_wrong_port(axk):
    assert axk("demo", "--port", 70000).sentence == "--port must lie in 1..65535, got 70000."


def test_a_missing_extra_names_the_pip_line(axk, monkeypatch):
    monkeypatch.delitem(sys.modules, "axialkit.demo.app", raising=False)
    monkeypatch.setitem(sys.modules, "gradio", None)
    outcome = axk("demo")
    assert outcome.code == 2
    assert 'pip install -e ".[demo]"' in outcome.sentence

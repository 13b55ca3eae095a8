"""The judge of the notebooks is judged: what is broken, dear, drifted or mute must not pass."""

import copy
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from axialkit.course import regression
from axialkit.course.faults import RTOL, Run, drift, problems, updated
from axialkit.course.meter import BUDGET_MIME, METRICS_MIME
from axialkit.course.page import WIDGET_MIME
from axialkit.course.regression import execute, main, regress
from axialkit.files import read_json, write_json

pytest.importorskip("papermill", reason="papermill is in the extra notebooks")

NUMBERS = {"accuracy": 0.98, "cells": 128.0}
BASELINE = {
    "accuracy": {"value": 0.97, "rtol": 0.0, "atol": 0.03},
    "cells": {"value": 128.0, "rtol": 1e-3},
}
PICTURE = '<figure><img alt="Two bars of different height, side by side" src="data:,"></figure>'


def shown(**data: object) -> nbformat.NotebookNode:
    return new_output(
        "display_data", {key.replace("__", "/"): value for key, value in data.items()}
    )


def cell(source: str, *outputs: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return new_code_cell(source, outputs=list(outputs))


def said(text: str, stream: str = "stdout") -> nbformat.NotebookNode:
    return new_output("stream", name=stream, text=text)


def good(profile: str = "ci") -> Run:
    """A run without a fault, made by hand."""
    solved = "1.1: solution passes, 4 typical mistakes named."
    untouched = "1.1: the cells below use the kit's own f until yours passes."
    cells = [
        new_markdown_cell("# Toy"),
        cell("nb.show(...)", shown(text__html=PICTURE)),
        cell(
            'nb.check("1.1", f)\nf = nb.use("1.1", f)',
            said(solved if profile == "ci" else untouched),
        ),
        cell(
            "nb.metrics(...)",
            new_output(
                "display_data",
                {METRICS_MIME: NUMBERS, BUDGET_MIME: {"lesson": {"seconds": 5.0, "budget": 4.0}}},
            ),
        ),
    ]
    return Run("toy", cells)


def test_a_good_run_has_no_problem() -> None:
    assert problems(good(), "ci", BASELINE) == []
    assert problems(good("short"), "short", BASELINE) == []
    assert problems(good("learn"), "learn") == []


@pytest.mark.parametrize(
    ("name", "entry", "words"),
    [
        ("accuracy", {"value": 0.90, "rtol": 0.0, "atol": 0.03}, "accuracy drifted"),
        ("accuracy", {"value": 0.98001, "rtol": 0.0}, "got 0.98, stored 0.98001 (rtol 0)"),
        ("cells", {"value": 127.0, "rtol": 1e-3}, "cells drifted from the baseline"),
    ],
)
def test_a_tampered_baseline_fails(name: str, entry: dict, words: str) -> None:
    (problem,) = problems(good(), "ci", {**BASELINE, name: entry})
    assert words in problem


def test_missing_numbers_are_noticed() -> None:
    assert "has no baseline" in drift(NUMBERS, None)[0]
    assert "reports no numbers" in drift({}, BASELINE)[0]
    (lost,) = drift({"cells": 128.0}, BASELINE)
    assert lost.startswith("accuracy is no longer among its numbers")
    (fresh,) = drift({**NUMBERS, "new": 1.0}, BASELINE)
    assert fresh.startswith("new is not yet among its numbers")


def spoiled(position: int, *outputs: nbformat.NotebookNode) -> Run:
    run = copy.deepcopy(good())
    run.cells[position].outputs = list(outputs)
    return run


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (spoiled(1), "has no picture"),
        (spoiled(1, shown(text__html='<img src="data:,">')), "picture without a description"),
        (spoiled(1, shown(text__html='<img alt="bars">')), "picture without a description"),
        (spoiled(1, shown(text__html=PICTURE, image__png="aGk=")), "bare picture"),
        (spoiled(1, shown(text__html=PICTURE), said("Careful!", "stderr")), "stderr: Careful!"),
        (
            spoiled(1, shown(text__html=PICTURE), shown(**{WIDGET_MIME: {"model_id": "1"}})),
            "shows a widget without a static form",
        ),
        (spoiled(2, said("nothing")), "has 1 checks, of which 0 proved themselves"),
        (spoiled(3, shown(**{METRICS_MIME: NUMBERS})), "reports no cost"),
    ],
)
def test_faults_are_named(run: Run, words: str) -> None:
    (problem,) = problems(run, "ci", BASELINE)
    assert words in problem


def test_three_times_the_budget_is_too_dear() -> None:
    run = good()
    costs = run.cells[3].outputs[0].data[BUDGET_MIME]["lesson"]
    costs["seconds"] = 12.0
    assert problems(run, "ci", BASELINE) == []
    costs["seconds"] = 12.1
    (problem,) = problems(run, "ci", BASELINE)
    assert problem.startswith("lesson took 12.1 CPU-seconds, more than 3 times its budget of 4")


@pytest.mark.parametrize("profile", ["short", "learn"])
def test_a_learner_who_is_left_without_a_function_is_noticed(profile: str) -> None:
    (problem,) = problems(good("ci"), profile, BASELINE)
    assert problem == "uses 1 exercises, but fell back 0 times"


def test_a_learner_who_has_solved_nothing_sees_the_same_numbers() -> None:
    (problem,) = problems(
        good("short"), "short", {**BASELINE, "cells": {"value": 9.0, "rtol": 0.0}}
    )
    assert "cells drifted from the baseline" in problem


def test_an_update_keeps_chosen_bands() -> None:
    assert updated(BASELINE, {"accuracy": 0.5, "new": 2.0}) == {
        "accuracy": {"value": 0.5, "rtol": 0.0, "atol": 0.03},
        "new": {"value": 2.0, "rtol": RTOL},
    }


TOY = f"""
from IPython.display import display
display({{"text/html": {PICTURE!r}, {METRICS_MIME!r}: {{"layers": LAYERS}},
         {BUDGET_MIME!r}: {{"lesson": {{"seconds": 1.0, "budget": 1.0}}}}}}, raw=True)
nb = type("Course", (), {{"check": lambda key, f: print(key + ": solution passes, 3 named.")}})
"""


def write_toy(folder: Path, name: str, source: str) -> None:
    folder.mkdir(exist_ok=True)
    parameters = new_code_cell('PROFILE = "learn"\nLAYERS = 3.0', metadata={"tags": ["parameters"]})
    cells = [parameters, new_code_cell(TOY), new_code_cell(source)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), folder / name)


def test_real_notebooks_run_and_a_broken_cell_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_toy(tmp_path / "toys", "01_good.ipynb", 'assert PROFILE == "ci"\nnb.check("1.1", None)')
    write_toy(tmp_path / "toys", "02_broken.ipynb", "nothing_of_that_name")
    baseline = tmp_path / "baseline.json"
    write_json(baseline, {"01_good": {"layers": {"value": 3.0, "rtol": 0.0}}})
    notebooks = sorted((tmp_path / "toys").glob("*.ipynb"))

    assert regress(notebooks, tmp_path / "out", baseline, profile="ci", update=False) == 1
    lines = capsys.readouterr().out
    assert "✓ 01_good: 1.0 CPU-seconds" in lines
    assert "✗ 02_broken" in lines and "name 'nothing_of_that_name' is not defined" in lines
    assert not (tmp_path / "out" / "home").exists()

    write_json(baseline, {"01_good": {"layers": {"value": 4.0, "rtol": 0.0}}})
    assert regress(notebooks[:1], tmp_path / "out", baseline, profile="ci", update=False) == 1
    assert "layers drifted from the baseline: got 3, stored 4" in capsys.readouterr().out
    assert regress(notebooks[:1], tmp_path / "out", baseline, profile="ci", update=True) == 0
    assert read_json(baseline)["01_good"]["layers"] == {"value": 3.0, "rtol": 0.0}


def test_what_an_earlier_run_left_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write_toy(tmp_path / "out", "01_gone.ipynb", "1")
    run = execute(tmp_path / "01_gone.ipynb", tmp_path / "out", {})
    assert run.failure and run.cells == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "zz"], "there is no notebook"),
        (["--update", "--profile", "learn"], "--update stores the numbers of the profile ci"),
        ([], "baseline.json"),
    ],
)
def test_wrong_calls_get_a_sentence(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_toy(tmp_path / "toys", "01_toy.ipynb", "1")
    (tmp_path / "baseline.json").write_text("{ this is no JSON")
    places = [str(tmp_path / name) for name in ("toys", "out", "baseline.json")]
    with pytest.raises(SystemExit) as stopped:
        main([*places, *words])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_all_lessons_together_have_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(regression, "run_all", lambda *_: [good(), good()])
    monkeypatch.setattr(regression, "PER_LESSON", 4)
    baseline = tmp_path / "baseline.json"
    write_json(baseline, {"toy": BASELINE})
    two = [tmp_path / "a.ipynb", tmp_path / "b.ipynb"]
    assert regress(two, tmp_path, baseline, profile="ci", update=False) == 1
    assert "together they may take 8 CPU-seconds" in capsys.readouterr().out

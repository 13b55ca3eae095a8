"""A network as a file: it takes what it was told to take, and answers as the network does."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from axialkit.course import exporting

HAS_ONNX = all(map(importlib.util.find_spec, ("onnx", "onnxscript", "onnxruntime")))
# in a process of its own: the shape checks of the tests stand in the way of tracing
SCRIPT = """
import json, sys
from pathlib import Path
import torch
from axialkit.course import exporting, latency
from axialkit.weights import load_model

torch.set_num_threads(1)
model = load_model("tiny_avenue")

def images(*shape):
    return 255 * torch.rand(shape, generator=torch.Generator().manual_seed(0))

def off(network, *shape):
    both = (exporting.answers(each, images(*shape)) for each in (network, model))
    return latency.largest_difference(*both)

program = exporting.for_any_size(model, (65, 129)).module()
found = {
    "off": [off(program, *shape) for shape in ((1, 3, 33, 49), (3, 3, 65, 33))],
    "refused": [exporting.refusal(program, images(1, 3, *size)) for size in ((64, 129), (17, 33))],
}
if json.loads(sys.argv[2]):
    runs = exporting.onnx_runs(model, Path(sys.argv[1]), (65, 129))
    found["onnx"] = {name: off(run, 1, 3, 65, 129) for name, run in runs.items()}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the script found, and the folder with its files."""
    folder = tmp_path_factory.mktemp("exporting")
    command = [sys.executable, "-c", SCRIPT, str(folder), json.dumps(HAS_ONNX)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    return {**json.loads(result.stdout.splitlines()[-1]), "folder": folder}


@pytest.mark.soak  # the notebook asserts the same, with its own numbers
def test_one_program_for_many_sizes(exported: dict[str, Any]) -> None:
    assert max(exported["off"]) < 1e-4
    for said in exported["refused"]:
        assert said and "\n" not in said


@pytest.mark.soak
@pytest.mark.skipif(not HAS_ONNX, reason="needs the extra export")
def test_onnx_answers_as_the_network_and_with_8_bits_nearly(exported: dict[str, Any]) -> None:
    off = exported["onnx"]
    assert off["ONNX"] < 1e-3 < off["ONNX, 8 bits"] < 1
    folder: Path = exported["folder"]
    plain, small = ((folder / name).stat().st_size for name in ("tiny.onnx", "tiny_int8.onnx"))
    assert small < 0.75 * plain


def test_a_refusal_is_a_sentence_and_an_answer_is_none() -> None:
    def refuses(images: torch.Tensor) -> dict[str, torch.Tensor]:
        raise RuntimeError("It is too small. Take another.\nHere is a trace.")

    assert exporting.refusal(refuses, torch.zeros(1, 3, 2, 2)) == "It is too small"
    assert exporting.refusal(lambda images: {"a": images}, torch.zeros(1, 3, 2, 2)) == ""

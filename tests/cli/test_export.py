import os
import subprocess
import sys

import torch

from axialkit.weights import load_model


def export(*arguments, cwd):
    """Run the command in a process of its own: the tests' shape checks stand in tracing's way."""
    command = [sys.executable, "-m", "axialkit", "export", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def written(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_the_two_lines_it_prints_run_an_onnx_file(tmp_path):
    out = export("tiny_avenue", "--format", "onnx", "--size", 33, 49, cwd=tmp_path)
    assert "Written: tiny_avenue_33x49.onnx (" in out
    assert "float32 [batch, 3, 33, 49], RGB in 0..255" in out
    assert written(tmp_path) == {"tiny_avenue_33x49.onnx"}
    lines = "\n".join(line.strip() for line in out.splitlines()[-2:])
    script = f"import numpy, onnxruntime\nimages = numpy.zeros((2, 3, 33, 49), 'f')\n{lines}\n"
    script += "print(semantic.shape, center.shape, offset.shape)"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert result.stdout.strip() == "(2, 19, 33, 49) (2, 1, 33, 49) (2, 2, 33, 49)"


def test_a_run_is_exported_at_its_crop_size(trained, tmp_path):
    out = export(trained, cwd=tmp_path)
    assert "Written: short_65x129.pt2 (" in out
    assert 'network = torch.export.load("short_65x129.pt2").module()' in out
    program = torch.export.load(tmp_path / "short_65x129.pt2").module()
    images = torch.full((1, 3, 65, 129), 90.0)
    with torch.inference_mode():
        expected = load_model(trained)(images)
        torch.testing.assert_close(program(images)["semantic"], expected.semantic)


def test_other_weights_and_another_place_can_be_named(trained, tmp_path):
    weights = trained / "weights.safetensors"
    file = tmp_path / "deep" / "mine.pt2"
    export("tiny_avenue", "--weights", weights, "--size", 17, 33, "--out", file, cwd=tmp_path)
    images = torch.full((1, 3, 17, 33), 90.0)
    with torch.inference_mode():
        expected = load_model("tiny_avenue", weights)(images)
        answers = torch.export.load(file).module()(images)
    torch.testing.assert_close(answers["semantic"], expected.semantic)


def test_a_wrong_request_is_one_sentence_and_leaves_no_file(axk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = axk("export", "tiny", "--size", 128, 0)
    assert outcome.code == 2
    assert "must be positive, got 128 0" in outcome.sentence
    assert "must end in .pt2" in axk("export", "tiny", "--out", "x.onnx").sentence
    assert 'Did you mean "tiny"?' in axk("export", "tinny").sentence
    outcome = axk("export", "tiny", "--format", "tensorrt")
    assert outcome.code == 2
    assert "'torch', 'onnx'" in outcome.err.replace("\n", " ")
    assert written(tmp_path) == set()


def test_a_missing_extra_is_named(axk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    outcome = axk("export", "tiny", "--format", "onnx")
    assert outcome.code == 2
    assert 'pip install -e ".[export]"' in outcome.sentence


def test_a_path_that_cannot_be_written_is_refused_before_tracing(axk, tmp_path):
    (tmp_path / "file").write_text("")
    outcome = axk("export", "tiny", "--out", tmp_path / "file" / "x.pt2")
    assert outcome.code == 2
    assert "a part of this path is a file" in outcome.sentence

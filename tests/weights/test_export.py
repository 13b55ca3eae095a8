import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from torch import nn

import axialkit
from axialkit.attention.batch_norm import BatchNorm
from axialkit.config import get_preset, to_dict
from axialkit.errors import InputError
from axialkit.files import write_json
from axialkit.inference import segment
from axialkit.model import build_model
from axialkit.weights import load_config, load_model, save_weights
from axialkit.weights.export import check_request, needs_own_file, weight_bytes
from axialkit.weights.onnx_network import OnnxNetwork

# in a process of its own: the shape checks of the tests stand in the way of tracing
SCRIPT = """
import json, sys
import torch
from axialkit.weights import export, load_model

torch.set_num_threads(1)
written = []
for name, path, size, kind, limit in json.loads(sys.argv[1]):
    export.PROTOBUF_LIMIT = limit
    model = load_model(name)
    paths = export.export_network(model, path, size, kind=kind, preset="tiny")
    written.append([str(path) for path in paths])
print(json.dumps(written))
"""
LIMIT = 2**31


def narrow(name: str, folder: Path) -> Path:
    """Make a run folder of a published network with few channels and random weights and norms."""
    torch.manual_seed(0)
    config = get_preset(name)
    fields = {"width_multiplier": 0.125, "stem_width_multiplier": 0.25, "depth_multiplier": 0.34}
    config = replace(config, backbone=replace(config.backbone, **fields))
    model = build_model(config)
    for module in model.modules():
        if isinstance(module, BatchNorm):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_()
            module.running_mean.normal_()
            module.running_var.uniform_(0.3, 3)
        elif type(module) is nn.Conv2d:
            module.weight.data.normal_(0, 0.1)
    write_json(folder / name / "config.json", to_dict(config))
    save_weights(folder / name / "weights.safetensors", model)
    return folder / name


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files of this module's tests, and ``written.json``: what was reported as written."""
    folder = tmp_path_factory.mktemp("exported")
    max_deeplab = str(narrow("max_deeplab_s_backbone", folder))
    swidernet = str(narrow("axial_swidernet_1_1_1", folder))
    jobs = [
        ("tiny", str(folder / "tiny.pt2"), (129, 257), "torch", LIMIT),
        ("tiny", str(folder / "tiny.onnx"), (129, 257), "onnx", LIMIT),
        ("tiny", str(folder / "other.onnx"), (65, 97), "onnx", 0),
        (max_deeplab, str(folder / "max_deeplab.onnx"), (34, 50), "onnx", LIMIT),
        (swidernet, str(folder / "swidernet.pt2"), (33, 49), "torch", LIMIT),
    ]
    command = [sys.executable, "-W", "error", "-c", SCRIPT, json.dumps(jobs)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    (folder / "written.json").write_text(result.stdout)
    return folder


def assert_same(model, network, size, batch, tolerance):
    images = 255 * torch.rand(batch, 3, *size, generator=torch.Generator().manual_seed(batch))
    with torch.inference_mode():
        expected, got = model(images), network(images)
    for name, truth in expected._asdict().items():
        answer = got[name] if isinstance(got, dict) else getattr(got, name)
        assert truth.std() > 1e-3, "a constant answer proves nothing"
        assert (answer - truth).abs().max() <= tolerance * max(1, truth.abs().max()), name


ONNX = [
    ("tiny.onnx", "tiny", (129, 257)),
    ("other.onnx", "tiny", (65, 97)),
    ("max_deeplab.onnx", "max_deeplab_s_backbone", (34, 50)),
]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("file", "name", "size"), ONNX)
def test_onnxruntime_answers_like_the_network(exported, file, name, size, batch):
    model = load_model(name if name == "tiny" else exported / name)
    assert_same(model, OnnxNetwork(exported / file), size, batch, 1e-4)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(
    ("file", "name", "size"),
    [("tiny.pt2", "tiny", (129, 257)), ("swidernet.pt2", "axial_swidernet_1_1_1", (33, 49))],
)
def test_a_loaded_program_answers_like_the_network(exported, file, name, size, batch):
    model = load_model(name if name == "tiny" else exported / name)
    program = torch.export.load(exported / file).module()
    assert_same(model, program, size, batch, 1e-5)


def test_no_batch_norm_is_left(exported):
    graph = onnx.load(exported / "max_deeplab.onnx").graph
    assert "BatchNormalization" not in {node.op_type for node in graph.node}
    program = torch.export.load(exported / "swidernet.pt2")
    targets = [str(node.target) for node in program.graph.nodes]
    assert any("conv2d" in target for target in targets)
    assert not any("batch_norm" in target for target in targets)


def test_onnx_files_name_inputs_outputs_and_origin(exported):
    model = onnx.load(exported / "tiny.onnx")
    onnx.checker.check_model(model)
    (images,) = model.graph.input
    shape = [axis.dim_param or axis.dim_value for axis in images.type.tensor_type.shape.dim]
    assert (images.name, shape) == ("images", ["batch", 3, 129, 257])
    assert images.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert [output.name for output in model.graph.output] == ["semantic", "center", "offset"]
    assert {entry.key: entry.value for entry in model.metadata_props} == {
        "size": "129x257",
        "preset": "tiny",
        "axialkit": axialkit.__version__,
        "normalisation": "inside: images / 127.5 - 1",
    }


def test_programs_carry_the_same_facts_and_no_pickled_example(exported):
    extra = {"axialkit.json": ""}
    program = torch.export.load(exported / "tiny.pt2", extra_files=extra)
    assert json.loads(extra["axialkit.json"])["size"] == "129x257"
    assert program.example_inputs is None


def test_files_name_no_folder_of_this_machine(exported):
    source = str(Path(axialkit.__file__).parent).encode()
    for file in ("tiny.onnx", "tiny.pt2"):
        content = (exported / file).read_bytes()
        assert source not in content
        assert str(exported).encode() not in content


def test_weights_in_a_file_of_their_own_are_found_and_listed(exported):
    written = [
        [Path(path).name for path in paths]
        for paths in json.loads((exported / "written.json").read_text())
    ]
    assert written[1:3] == [["tiny.onnx"], ["other.onnx", "other.onnx.data"]]
    inside = {path.name for path in exported.iterdir() if path.is_file()}
    assert inside == {name for names in written for name in names} | {"written.json"}
    weights = weight_bytes(dict(load_model("tiny").named_parameters()))
    assert (exported / "other.onnx.data").stat().st_size > 0.9 * weights
    assert (exported / "other.onnx").stat().st_size < 0.5 * weights


@pytest.mark.parametrize(
    ("preset", "own_file"),
    [("axial_swidernet_1_1_1", False), ("axial_swidernet_1_1_4.5", True)],
)
def test_only_networks_beyond_protobuf_get_a_second_file(preset, own_file):
    with torch.device("meta"):  # shapes without memory
        tensors = build_model(preset).state_dict()
    assert needs_own_file(weight_bytes(tensors)) is own_file


def test_segment_takes_an_onnx_network(exported):
    import numpy as np

    image = np.random.default_rng(0).integers(0, 256, (128, 256, 3), np.uint8)
    config = load_config("tiny")
    expected = segment(load_model("tiny"), image, config)
    got = segment(OnnxNetwork(exported / "tiny.onnx"), image, config)
    assert (expected.panoptic == got.panoptic).mean() > 0.999


def test_one_thread_has_none_that_wait(exported):
    network = OnnxNetwork(exported / "tiny.onnx", threads=1)
    assert network.session.get_session_options().intra_op_num_threads == 1


def test_images_of_another_size_are_refused(exported):
    message = (
        r"tiny\.onnx takes images of \(3, 129, 257\) .* got \(3, 65, 129\)\. .*"
        r"axialkit export tiny --format onnx --size 65 129"
    )
    with pytest.raises(InputError, match=message):
        OnnxNetwork(exported / "tiny.onnx")(torch.zeros(1, 3, 65, 129))


def test_files_that_are_none_are_refused(exported, tmp_path):
    with pytest.raises(InputError, match=r"There is no file .*missing\.onnx"):
        OnnxNetwork(tmp_path / "missing.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"broken")
    with pytest.raises(InputError, match=r"broken\.onnx cannot be read by onnxruntime"):
        OnnxNetwork(tmp_path / "broken.onnx")
    (tmp_path / "lonely.onnx").write_bytes((exported / "other.onnx").read_bytes())
    with pytest.raises(InputError, match=r"lonely\.onnx cannot be read.*other\.onnx\.data"):
        OnnxNetwork(tmp_path / "lonely.onnx")
    model = onnx.load(exported / "tiny.onnx")
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "foreign.onnx")
    with pytest.raises(InputError, match=r"foreign\.onnx was not made by axialkit export"):
        OnnxNetwork(tmp_path / "foreign.onnx")


@pytest.mark.parametrize(
    ("file", "size", "kind", "message"),
    [
        ("x.onnx", (129, 257), "onxx", 'no export format "onxx". Did you mean "onnx"'),
        ("x.pt2", (129, 257), "onnx", "must end in .onnx, got x.pt2"),
        ("x.onnx", (0, 257), "onnx", "must be positive, got 0 257"),
    ],
)
def test_what_cannot_be_exported_is_refused_first(file, size, kind, message):
    with pytest.raises(InputError) as caught:
        check_request(Path(file), size, kind)
    assert message in str(caught.value)


def test_a_missing_package_is_named_before_any_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        check_request(Path("x.onnx"), (129, 257), "onnx")
    assert caught.value.name == "onnxscript"
    check_request(Path("x.pt2"), (129, 257), "torch")

import itertools
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from axialkit.attention import AxialAttention1d, GlobalAttention2d, Terms
from axialkit.attention.batch_norm import BatchNorm
from axialkit.config import AttentionConfig, get_preset
from axialkit.model import build_classifier, build_model
from axialkit.model.convolutions import ConvNormAct
from axialkit.model.prepare import fold_batch_norms
from axialkit.model.switchable import GlobalContext, SwitchableNormAct
from axialkit.weights import load_model

IMAGES = torch.arange(3 * 3 * 33 * 49).reshape(3, 3, 33, 49) * 7919 % 256


def with_random_norms(model: nn.Module) -> nn.Module:
    """Give every norm statistics and scales far from the identity, some scales 0 or negative.

    Convolutions that start near zero are drawn anew, too.
    """
    for module in model.modules():
        if isinstance(module, BatchNorm):
            module.weight.data.uniform_(-0.5, 1.5)[0] = 0
            module.bias.data.normal_()
            module.running_mean.normal_()
            module.running_var.uniform_(0.3, 3)
        elif type(module) in (nn.Conv2d, GlobalContext):
            module.weight.data.normal_(0, 0.1)
    return model.eval()


def assert_same(expected: torch.Tensor, got: torch.Tensor, tolerance: float = 1e-5) -> None:
    assert expected.std() > 1e-3, "a constant answer proves nothing"
    assert (expected - got).abs().max() <= tolerance * max(1, expected.abs().max())


def norms_of(model: nn.Module) -> list[str]:
    return [name for name, module in model.named_modules() if isinstance(module, BatchNorm)]


TERMS = [
    Terms(*on) for on in itertools.product([True, False], repeat=5) if any(on[:3]) and any(on[3:])
]


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("terms", TERMS)
@torch.no_grad()
def test_an_attention_layer_stays_the_same(terms, activation):
    torch.manual_seed(0)
    layer = AxialAttention1d(
        12, 8, 16, heads=4, terms=terms, activation=activation, max_distance=5
    ).double()
    with_random_norms(layer)
    folded = fold_batch_norms(layer)
    x = torch.randn(3, 9, 12, dtype=torch.float64)
    assert norms_of(folded) == []
    assert_same(layer(x), folded(x), 1e-12)


@torch.no_grad()
def test_global_attention_stays_the_same():
    torch.manual_seed(0)
    layer = with_random_norms(GlobalAttention2d(12, 8, 16, heads=4, stride=2, double=True))
    x = torch.randn(2, 12, 5, 7)
    assert_same(layer(x), fold_batch_norms(layer)(x))


def narrow(name: str, **backbone: object):
    config = get_preset(name)
    fields = {"width_multiplier": 0.125, "stem_width_multiplier": 0.25, **backbone}
    return replace(
        config,
        backbone=replace(config.backbone, **fields),
        data=replace(config.data, crop_size=(33, 49)),
    )


NETWORKS = {
    "tiny": get_preset("tiny"),
    "tiny_conv": get_preset("tiny_conv"),
    "swidernet": narrow("axial_swidernet_1_1_1"),
    "max_deeplab_s": narrow("max_deeplab_s_backbone"),
    "sigmoid": narrow("axial_resnet_s", attention=AttentionConfig(activation="sigmoid")),
    "positions_1d": narrow("resnet50", global_from_stride=16, absolute_positions="1d"),
    "positions_2d": narrow("resnet50", global_from_stride=16, absolute_positions="2d"),
    "squeeze_excite": narrow("resnet50_beta", squeeze_excite=True, activation="gelu"),
    "switchable": narrow("swidernet_sac_1_1_1"),
}
NETWORKS["full_aspp"] = replace(
    NETWORKS["max_deeplab_s"], decoder=replace(get_preset("resnet50").decoder, aspp="full")
)


# rounding of random norms, up to 1.5e-5 on one kind of processor: sigmoid weights have no sum of 1
TOLERANCES = {"sigmoid": 5e-5}


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_a_network_stays_the_same_but_for_rounding(name, double):
    torch.manual_seed(0)
    model = with_random_norms(build_model(NETWORKS[name]))
    for expected, got in zip(model(IMAGES), fold_batch_norms(model)(IMAGES), strict=True):
        assert_same(expected, got, 1e-13)


@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_a_network_stays_the_same(name):
    torch.manual_seed(0)
    model = with_random_norms(build_model(NETWORKS[name]))
    folded = fold_batch_norms(model)
    for expected, got in zip(model(IMAGES), folded(IMAGES), strict=True):
        assert_same(expected, got, TOLERANCES.get(name, 1e-5))
    switchable = [n for n, m in model.named_modules() if type(m) is SwitchableNormAct]
    assert norms_of(folded) == [f"{name}.norm" for name in switchable]


@torch.no_grad()
def test_the_stacked_decoder_stays_the_same():
    torch.manual_seed(0)
    model = with_random_norms(build_classifier(narrow("max_deeplab_l_backbone"), 10))
    folded = fold_batch_norms(model)
    assert norms_of(folded) == []
    assert_same(model(IMAGES), folded(IMAGES))


@torch.no_grad()
def test_the_shipped_weights_stay_the_same():
    model = load_model("tiny")
    images = torch.randint(0, 256, (1, 3, 129, 257), generator=torch.Generator().manual_seed(1))
    for expected, got in zip(model(images), fold_batch_norms(model)(images), strict=True):
        assert_same(expected, got)


def test_the_model_itself_is_left_alone():
    model = with_random_norms(ConvNormAct(3, 4))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    folded = fold_batch_norms(model)
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert isinstance(model.norm, BatchNorm)
    assert not any(parameter.requires_grad for parameter in folded.parameters())


def test_training_mode_is_refused():
    model = build_model("tiny").eval()
    model.decoder.train()
    with pytest.raises(ValueError, match=r"only be folded in evaluation mode.*model\.eval\(\)"):
        fold_batch_norms(model)


def copies_between_blocks(model: nn.Module, size: tuple[int, int]) -> list[str]:
    """The tensors that are copied outside the attention operators, by the profiler."""
    images = torch.rand(1, 3, *size) * 255
    with torch.inference_mode():
        model(images)
        with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as profiler:
            model(images)
    events = profiler.events()
    attention = [e.time_range for e in events if e.name.startswith("axialkit::")]
    assert len(attention) == sum(isinstance(m, AxialAttention1d) for m in model.modules())
    found = []
    for event in events:
        inside = any(a.start <= event.time_range.start <= a.end for a in attention)
        # a product spreads its bias over the answer: that writes the answer, and copies nothing
        bias = event.cpu_parent is not None and event.cpu_parent.name == "aten::addmm"
        if event.name == "aten::copy_" and not inside and not bias:
            found.append(f"{event.cpu_parent and event.cpu_parent.name} {event.input_shapes[0]}")
    return found


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("name", "size"),
    [("tiny", (129, 257)), ("max_deeplab_s", (257, 513)), ("swidernet", (257, 513))],
)
def test_nothing_is_copied_from_the_first_convolution_to_the_heads(name, size, threads):
    """Maps are large enough for oneDNN, as they are in practice."""
    model = fold_batch_norms(build_model(NETWORKS[name]).eval())
    model = model.to(memory_format=torch.channels_last)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        copies = copies_between_blocks(model, size)
    finally:
        torch.set_num_threads(before)
    # the image itself, brought to channels-last, and the two numbers that normalise it
    image = f"aten::clone [1, 3, {size[0]}, {size[1]}]"
    assert sorted(copies) == ["aten::_to_copy []", "aten::_to_copy []", image]


def test_features_before_their_activation_are_left_as_they_are():
    """Activations overwrite only what nothing else reads."""
    torch.manual_seed(0)
    model = with_random_norms(build_model("tiny"))
    folded = fold_batch_norms(model)
    images = torch.rand(1, 3, 65, 129)
    with torch.no_grad():
        expected, got = (m.backbone.endpoints(images) for m in (model, folded))
    assert expected.keys() == got.keys()
    for name, value in expected.items():
        assert_same(value, got[name])
    assert any((value < 0).any() for name, value in got.items() if name.startswith("stage"))


COMPILED = """
import torch
import axialkit
from axialkit.model.prepare import fold_batch_norms

torch.set_num_threads(2)
model = fold_batch_norms(axialkit.load_model("tiny")).to(memory_format=torch.channels_last)
images = torch.rand(1, 3, 65, 129) * 255
with torch.inference_mode():
    plain = model(images)
    compiled = torch.compile(model, fullgraph=True)(images)
for expected, got in zip(plain, compiled, strict=True):
    print(float((expected - got).abs().max() / expected.abs().max().clamp(min=1)))
"""


@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler")
def test_the_result_compiles_as_one_graph():
    """In a process of its own: the shape checks of these tests are none of the compiler's."""
    done = subprocess.run(
        [sys.executable, "-c", COMPILED], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    errors = [float(line) for line in done.stdout.split()]
    assert len(errors) == 3 and max(errors) < 1e-5

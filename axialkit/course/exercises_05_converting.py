"""Lesson 05, exercise 5.5, weights from TensorFlow: what must hold, typical mistakes, hints."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from axialkit.course.kinds import kind
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.recorded_block import WORDS, empty_block, read_recording, to_torch

_ATTENTION = "_attention/_height_axis"


def _array(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


_KEYS = {  # name there -> name here
    "_conv3_bn/_conv/kernel": "branch.conv3.conv.weight",
    "_shortcut/_batch_norm/moving_variance": "shortcut.norm.running_var",
    f"{_ATTENTION}/qkv_kernel": "branch.attention.height.qkv.weight",
    "_attention/_width_axis/_batch_norm_qkv/beta": "branch.attention.width.norm_qkv.bias",
    f"{_ATTENTION}/_batch_norm_similarity/gamma": "branch.attention.height.norm_logits.weight",
    f"{_ATTENTION}/_query_rpe/embeddings": "branch.attention.height.query_table",
}


def _pair(convert: Function, name: str, array: np.ndarray) -> tuple[str, Tensor]:
    got = convert(name, array.copy())
    assert isinstance(got, tuple | list), f"expected a name and a tensor, got {kind(got)}"
    assert len(got) == 2, f"expected a name and a tensor, got {len(got)} things"
    word, tensor = got
    assert isinstance(word, str), f"the name must be a string, got {type(word).__name__}"
    assert isinstance(tensor, Tensor), (
        f"the second must be a torch tensor, got {type(tensor).__name__}"
    )
    wanted = torch.from_numpy(array).dtype
    assert tensor.dtype == wanted, f"numbers of {wanted} must stay so, got {tensor.dtype}"
    return word, tensor


def _names(convert: Function) -> None:
    for name, expected in _KEYS.items():
        shape = (1, 1, 3, 4) if name.endswith("/kernel") else (3, 4)
        got = _pair(convert, name, _array(0, *shape))[0]
        assert got == expected, f"{name} is ours as {expected}, you say {got!r}"


def _layout(
    convert: Function, name: str, array: np.ndarray, expected: np.ndarray, what: str
) -> None:
    got = _pair(convert, name, array)[1]
    shape, wanted = list(got.shape), list(expected.shape)
    assert shape == wanted, f"{what}: {list(array.shape)} becomes {wanted}, not {shape}"
    assert np.array_equal(got.detach().numpy(), expected), (
        f"{what}: the shape is right, but the numbers are not in their places"
    )


def _kernels(convert: Function) -> None:
    for shape in ((3, 5, 4, 6), (3, 3, 3, 3), (1, 1, 2, 5)):
        array = _array(1, *shape)
        expected = np.moveaxis(array, [3, 2], [0, 1])
        _layout(convert, "_conv1_bn_act/_conv/kernel", array, expected, "a kernel of a convolution")


def _projections(convert: Function) -> None:
    for shape in ((6, 8), (5, 5)):
        array = _array(2, *shape)
        _layout(convert, f"{_ATTENTION}/qkv_kernel", array, array.T, "a kernel of qkv")


def _flat_norms(convert: Function) -> None:
    for name, shape in (
        (f"{_ATTENTION}/_batch_norm_similarity/moving_mean", (3, 1, 4, 1, 1)),
        (f"{_ATTENTION}/_batch_norm_retrieved_output/gamma", (2, 1, 4, 1, 5)),
        ("_conv1_bn_act/_batch_norm/beta", (7,)),
    ):
        array = _array(3, *shape)
        _layout(convert, name, array, array.reshape(-1), "a norm")


def _dtypes(convert: Function) -> None:
    for dtype in (np.float64, np.float16):
        for name in _KEYS:
            shape = (1, 2, 3, 4) if name.endswith("/kernel") else (3, 4)
            _pair(convert, name, _array(5, *shape).astype(dtype))


def _tables(convert: Function) -> None:
    for word in ("_query_rpe", "_value_rpe"):
        array = _array(4, 9, 4)
        _layout(convert, f"{_ATTENTION}/{word}/embeddings", array, array, "a position table")


def _answers_alike(convert: Function) -> None:
    recording, block = read_recording(), empty_block()
    pairs = [_pair(convert, name, array) for name, array in recording.variables.items()]
    missing = block.state_dict().keys() - {name for name, _ in pairs}
    assert not missing, f"nothing arrives at {sorted(missing)[0]} (and {len(missing) - 1} others)"
    block.load_state_dict({name: tensor.clone() for name, tensor in pairs})
    with torch.no_grad():
        error = float((block(recording.x) - recording.answer).abs().max())
    assert error < 1e-5, f"the loaded block answers otherwise than the authors': by {error:.3g}"


def _variant(
    kernel: Callable[[Tensor], Tensor] = lambda t: t.permute(3, 2, 0, 1),
    qkv: Callable[[Tensor], Tensor] = lambda t: t.T,
    norm: Callable[[Tensor], Tensor] = lambda t: t.flatten(),
) -> Function:
    """Return the translation with one mistake in it."""

    def convert(name: str, array: np.ndarray) -> tuple[str, Tensor]:
        ours, tensor = to_torch(name, array)[0], torch.from_numpy(np.array(array))
        if name.endswith("qkv_kernel"):
            tensor = qkv(tensor)
        elif name.endswith("kernel"):
            tensor = kernel(tensor)
        elif not name.endswith("embeddings"):
            tensor = norm(tensor)
        return ours, tensor

    return convert


def _word_by_word(name: str, array: np.ndarray) -> tuple[str, Tensor]:
    return ".".join(WORDS[piece] for piece in name.split("/")), to_torch(name, array)[1]


TO_TORCH = Exercise(
    key="5.5",
    name="to_torch",
    goal="E",
    solution=to_torch,
    properties=(
        Property("every name is translated, piece by piece", _names),
        Property("kernels of convolutions: out, in, height, width", _kernels),
        Property("kernels of qkv: out, in", _projections),
        Property("norms are flat, in their order", _flat_norms),
        Property("position tables stay as they are", _tables),
        Property("the dtype stays what it was", _dtypes),
        Property("the loaded block answers as the authors' code did", _answers_alike),
    ),
    probes=tuple(
        (name, _array(seed, *shape))
        for seed, (name, shape) in enumerate(
            (
                ("_conv1_bn_act/_conv/kernel", (3, 3, 4, 4)),
                ("_shortcut/_conv/kernel", (1, 3, 5, 2)),
                (f"{_ATTENTION}/qkv_kernel", (4, 4)),
                ("_attention/_width_axis/qkv_kernel", (3, 8)),
                (f"{_ATTENTION}/_batch_norm_similarity/gamma", (3, 1, 4, 1, 1)),
                (f"{_ATTENTION}/_batch_norm_retrieved_output/moving_mean", (2, 1, 4, 1, 3)),
                ("_conv3_bn/_batch_norm/beta", (6,)),
                ("_attention/_width_axis/_value_rpe/embeddings", (5, 5)),
            )
        )
    ),
    mutants=(
        Mutant(
            "kernels as they are",
            _variant(kernel=lambda t: t),
            "kernels of convolutions keep TensorFlow's order [height, width, in, out]. Torch wants "
            "[out, in, height, width].",
        ),
        Mutant(
            "in and out swapped",
            _variant(kernel=lambda t: t.permute(2, 3, 0, 1)),
            "kernels come as [in, out, height, width]. Where both are equal, nobody would notice "
            "before the answers are wrong: out comes first.",
        ),
        Mutant(
            "kernel turned over",
            _variant(kernel=lambda t: t.permute(3, 2, 1, 0)),
            "all four axes are reversed, so height and width have changed places, too.",
        ),
        Mutant(
            "kernels reshaped",
            _variant(kernel=lambda t: t.reshape(t.shape[3], t.shape[2], *t.shape[:2])),
            "the shape is right, but reshape moves no numbers: permute the axes.",
        ),
        Mutant(
            "qkv as it is",
            _variant(qkv=lambda t: t),
            "the kernel of qkv is [in, out] there and [out, in] here: transpose it.",
        ),
        Mutant(
            "norms with five axes",
            _variant(norm=lambda t: t),
            "the norms of the attention keep their axes of size 1. Ours are flat.",
        ),
        Mutant(
            "qkv taken for a convolution",
            _variant(qkv=lambda t: t.permute(3, 2, 0, 1)),
            '"qkv_kernel" ends in "kernel", too, but has two axes. Ask for qkv_kernel first, or '
            'for "/kernel" with its slash.',
        ),
        Mutant(
            "empty words kept",
            _word_by_word,
            'the names of the tables end with a dot: "embeddings" translates to an empty word, '
            "which has to be left out.",
        ),
    ),
    hints=(
        'a name such as "branch.conv1.conv.weight", and a tensor; together, a tuple.',
        "cut the name at the slashes, look every piece up in WORDS, join what is not empty with "
        'dots. The ending of the name says what to do with the axes; test "qkv_kernel" first.',
        'words = [WORDS[piece] for piece in name.split("/")]; tensor.T for qkv, '
        'tensor.permute(3, 2, 0, 1) for other kernels, tensor.flatten() if "_batch_norm" in name.',
    ),
)

"""Our parameter names and layouts against those of deeplab2's TensorFlow checkpoints.

A checkpoint key is the path of attributes that leads to a variable, without the constant ending
``/.ATTRIBUTES/VARIABLE_VALUE``: ``encoder/_stage4/_block2/_attention/_height_axis/qkv_kernel``.
"""

import re
from collections.abc import Iterator

from torch import Tensor, nn

from axialkit.attention.batch_norm import BatchNorm
from axialkit.attention.layers import AxialAttention1d, AxialAttention2d, GlobalAttention2d
from axialkit.model.absolute_positions import AbsolutePositions1d, AbsolutePositions2d
from axialkit.model.aspp import Aspp
from axialkit.model.backbone import AxialResNet, Stem
from axialkit.model.blocks import AttentionBranch, BasicBranch, BottleneckBranch, ResidualBlock
from axialkit.model.classifier import AxialClassifier
from axialkit.model.convolutions import ConvNormAct, DepthwiseNormAct, SeparableConv, SqueezeExcite
from axialkit.model.decoder import PanopticDeepLabDecoder, PredictionHead, SingleDecoder
from axialkit.model.deeplab import AxialDeepLab
from axialkit.model.stacked_decoder import ResizedFuse, StackedDecoder, Step
from axialkit.model.switchable import SwitchableNormAct

# For each class: what its children (modules, parameters, buffers) add to the path. "#" stands for
# a number, "{act}" for "_act" where the child ends in an activation. What is not listed has no
# counterpart in the reference.
_CONV = {"weight": "kernel", "bias": "bias"}
_CONV_NORM = {"conv": "_conv/", "norm": "_batch_norm/"}
_BRANCH = {"conv#": "_conv#_bn{act}/", "attention": "_attention/"}
_PATHS: dict[type[nn.Module], dict[str, str]] = {
    AxialDeepLab: {"backbone": "encoder/", "decoder": ""},
    AxialClassifier: {"backbone": "encoder/"},
    AxialResNet: {"stem": "_stem/", "stages": "", "stacked_decoder": ""},
    Stem: {"#": "_conv#_bn{act}/"},
    nn.ModuleDict: {
        "stage#": "_stage#/",
        "block#": "_block#/",
        "positions": "_add_absolute_positional_encoding/",
    },
    StackedDecoder: {"step#": "_decoder_stage#"},
    Step: {"fuse": "_resized_fuse/", "block": "/_block1/"},
    ResizedFuse: {"resized#": "_resized_conv_bn#/", "strided#": "_strided_conv_bn#/"},
    ResidualBlock: {
        "branch": "",
        "shortcut": "_shortcut/",
        "squeeze_excite": "_squeeze_and_excite/",
    },
    BasicBranch: _BRANCH,
    BottleneckBranch: _BRANCH,
    AttentionBranch: _BRANCH,
    AxialAttention2d: {"height": "_height_axis/", "width": "_width_axis/"},
    GlobalAttention2d: {"first": "_global/", "second": "_global2/"},
    AxialAttention1d: {
        "qkv": "qkv_",
        "norm_qkv": "_batch_norm_qkv/",
        "norm_logits": "_batch_norm_similarity/",
        "norm_output": "_batch_norm_retrieved_output/",
        "query_table": "_query_rpe/embeddings",
        "key_table": "_key_rpe/embeddings",
        "value_table": "_value_rpe/embeddings",
    },
    AbsolutePositions1d: {
        "height_table": "height_axis_embeddings",
        "height_norm": "_height_axis_batch_norm/",
        "width_table": "width_axis_embeddings",
        "width_norm": "_width_axis_batch_norm/",
    },
    AbsolutePositions2d: {"table": "embeddings", "norm": "_batch_norm/"},
    PanopticDeepLabDecoder: {
        "semantic_decoder": "semantic_decoder/",
        "instance_decoder": "instance_decoder/",
        "semantic_head": "semantic_head_",
        "center_head": "instance_center_head_",
        "offset_head": "instance_regression_head_",
    },
    PredictionHead: {"conv": "without_last_layer/_conv1_bn_act/", "final": "last_layer/"},
    SingleDecoder: {
        "aspp": "_aspp/",
        "low#": "_low_level_conv#/",
        "fuse#": "_fusion_conv#/_conv1_bn_act/",
    },
    Aspp: {
        "pixel": "_conv_bn_act/",
        "rate#": "_aspp_conv#/_conv_bn_act/",
        "image": "_aspp_pool/_conv_bn_act/",
        "project": "_proj_conv_bn_act/",
    },
    SwitchableNormAct: {
        **_CONV_NORM,
        "pre_context": "_pre_global_context/convolution/",
        "post_context": "_post_global_context/convolution/",
    },
    ConvNormAct: _CONV_NORM,
    SeparableConv: {"depthwise": "_depthwise/", "pointwise": "_pointwise/"},
    DepthwiseNormAct: {"conv": "_depthwise_conv/depthwise_", "norm": "_batch_norm/"},
    SqueezeExcite: {"weight": "_se_conv/kernel", "bias": "_se_conv/bias"},
    nn.Conv2d: {**_CONV, "switch": "_switch/"},
    nn.Linear: {"weight": "kernel"},
    BatchNorm: {
        "weight": "gamma",
        "bias": "beta",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    },
}


def reference_keys(module: nn.Module) -> dict[str, str]:
    """Map the parameters and buffers of a network, or of a layer of it, to checkpoint keys.

    Keys of a layer are relative to it. What the reference does not have is absent: the classifier
    and the light decoder.

    Example::

        reference_keys(axialkit.build_model("tiny"))["backbone.stem.0.conv.weight"]
        # "encoder/_stem/_conv/kernel"
    """
    keys = dict(_walk(module, "", ""))
    # the one name of the reference that does not follow its own pattern
    odd = ("semantic_head_last_layer", "semantic_last_layer")
    return {ours: key.replace(*odd) for ours, key in keys.items()}


def to_our_layout(key: str, variable: Tensor) -> Tensor:
    """Return a variable of a checkpoint with its axes in torch's order.

    Kernels are ``[height, width, in, out]`` there, depthwise ones ``[height, width, channel, 1]``,
    those of qkv ``[in, out]``; norms of attention have axes of size 1.
    """
    if key.endswith("depthwise_kernel"):
        return variable.permute(2, 3, 0, 1)
    if key.endswith("kernel"):
        return variable.T if variable.ndim == 2 else variable.permute(3, 2, 0, 1)
    if key.endswith("embeddings") and variable.ndim == 4:
        return variable.permute(0, 3, 1, 2)
    return variable.flatten() if "_batch_norm" in key else variable


def _walk(module: nn.Module, name: str, path: str) -> Iterator[tuple[str, str]]:
    own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    for leaf, _ in own:
        piece = _piece(module, leaf)
        if piece is not None:
            yield name + leaf, path + piece
    for child_name, child in module.named_children():
        piece = _piece(module, child_name)
        if piece is not None:
            yield from _walk(child, f"{name}{child_name}.", path + piece)


def _piece(parent: nn.Module, name: str) -> str | None:
    """Return what a child adds to the path, or None if the reference has no such thing."""
    pieces = next((_PATHS[kind] for kind in type(parent).__mro__ if kind in _PATHS), {})
    number = re.search(r"\d+$", name)
    if name in pieces or number is None:
        return pieces.get(name)
    count = int(number[0])
    if isinstance(parent, Stem):
        if len(parent) == 1:  # a lone convolution is the stem itself
            return ""
        count += 1  # ours count from 0
    piece = pieces.get(name[: number.start()] + "#")
    if piece is None:
        return None
    act = getattr(parent.get_submodule(name), "act", None) if "{act}" in piece else None
    ending = "" if isinstance(act, nn.Identity) else "_act"
    return piece.replace("#", str(count)).replace("{act}", ending)

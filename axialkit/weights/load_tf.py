"""Loading the authors' weights: whole networks strictly, pre-trained parts where they fit."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from axialkit.errors import InputError
from axialkit.weights.files import network_tensors, our_file, read_tensors
from axialkit.weights.tf_checkpoint import TfCheckpoint
from axialkit.weights.tf_names import reference_keys, to_our_layout

CLASSIFIER = "classifier."  # in no checkpoint of the authors
SEMANTIC_LAST = ("decoder.semantic_head.final.", "decoder.semantic.")
INSTANCE_LAST = (
    "decoder.center_head.final.",
    "decoder.offset_head.final.",
    "decoder.center.",
    "decoder.offset.",
)


class LoadReport(NamedTuple):
    """What became of every tensor; names are the model's, ``unused`` those of the file."""

    source: Path
    loaded: list[str]
    kept: list[str]  # keep their fresh values
    unused: list[str]  # in the file, without a place in the model

    def summary(self) -> str:
        """Return a few lines to read: how much was loaded, and what was not, by part."""
        total = len(self.loaded) + len(self.kept)
        lines = [f"Loaded {len(self.loaded)} of {total} tensors from {self.source}."]
        lines += _by_part("loaded", self.loaded)
        lines += _by_part("fresh, not in the file", self.kept)
        lines += _by_part("in the file, not used", self.unused)
        return "\n".join(lines)


class _Plan(NamedTuple):
    """Which tensor of the source goes where."""

    source: Path
    pairs: dict[str, str]  # name in the model -> name in the source
    unused: list[str]
    shape: Callable[[str], tuple[int, ...]]
    read: Callable[[str], Tensor]


def load_tf_checkpoint(model: nn.Module, path: Path | str) -> LoadReport:
    """Load a whole network from a TensorFlow checkpoint of the authors.

    Every tensor of the model must be there; only a classifier, which no checkpoint has, keeps its
    values. Names and shapes are compared before anything is changed. Checksums are verified while
    loading, tensor by tensor, so that a damaged file can leave a model that is partly loaded: do
    not use it then.

    Raises:
        InputError: no checkpoint is there, it is damaged, or it is of another network.

    Example::

        model = axialkit.build_model("max_deeplab_s_backbone")
        load_tf_checkpoint(model, "downloads/ckpt-60000")
    """
    checkpoint = TfCheckpoint(path)
    plan = _plan_tf(model, checkpoint)
    missing = [name for name in _wanted(model) if name not in plan.pairs]
    if missing:
        raise InputError(_does_not_fit(checkpoint, missing, plan))
    return _carry_out(model, plan)


def init_from(
    model: nn.Module,
    path: Path | str,
    *,
    semantic_last_layer: bool = True,
    instance_last_layers: bool = True,
) -> LoadReport:
    """Start a network from other weights, as far as they go: ImageNet, or other classes.

    Matched by name, partial in both directions (deeplab2's rule): what the file does not have
    stays fresh, what the model does not have is left. The two switches leave out the last layers
    of the heads, whose shapes depend on the classes. ``path`` is a TensorFlow checkpoint, a
    safetensors file or a run folder.

    Raises:
        InputError: nothing matches, a shape differs, or the file is damaged.

    Example::

        report = init_from(axialkit.build_model("axial_swidernet_1_1_1"), "imagenet/ckpt-100")
        print(report.summary())
    """
    plan = _plan(model, Path(path))
    left_out: tuple[str, ...] = () if semantic_last_layer else SEMANTIC_LAST
    left_out += () if instance_last_layers else INSTANCE_LAST
    pairs = {name: key for name, key in plan.pairs.items() if not name.startswith(left_out)}
    dropped = sorted(plan.pairs[name] for name in plan.pairs.keys() - pairs.keys())
    if not pairs:
        raise InputError(
            f"{plan.source} has nothing for this network (it holds {len(plan.unused)} other "
            f"tensors, such as {plan.unused[:2]}). Is it of another family?"
        )
    return _carry_out(model, plan._replace(pairs=pairs, unused=sorted(plan.unused + dropped)))


def _plan(model: nn.Module, path: Path) -> _Plan:
    source = our_file(path)
    if source is not None:
        return _plan_ours(model, source, network_tensors(read_tensors(source)[0]))
    if not path.exists() and not path.with_name(path.name + ".index").exists():
        raise InputError(
            f"There is nothing at {path} to start from. Give a TensorFlow checkpoint (its folder "
            "or prefix), a safetensors file, or the folder of a run."
        )
    return _plan_tf(model, TfCheckpoint(path))


def _plan_ours(model: nn.Module, source: Path, tensors: dict[str, Tensor]) -> _Plan:
    own = model.state_dict()
    pairs = {name: name for name in own if name in tensors}
    unused = sorted(tensors.keys() - own.keys())
    return _Plan(
        source, pairs, unused, lambda name: tuple(tensors[name].shape), tensors.__getitem__
    )


def _plan_tf(model: nn.Module, checkpoint: TfCheckpoint) -> _Plan:
    stored = set(checkpoint)
    pairs = {name: key for name, key in reference_keys(model).items() if key in stored}

    def shape(key: str) -> tuple[int, ...]:
        nothing = torch.empty(checkpoint.shape(key), device="meta")
        return tuple(to_our_layout(key, nothing).shape)

    def read(key: str) -> Tensor:
        return to_our_layout(key, torch.from_numpy(checkpoint[key]))

    return _Plan(checkpoint.prefix, pairs, sorted(stored - set(pairs.values())), shape, read)


def _check_shapes(model: nn.Module, plan: _Plan) -> None:
    own = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    wrong = [name for name, key in plan.pairs.items() if own[name] != plan.shape(key)]
    if wrong:
        name, key = wrong[0], plan.pairs[wrong[0]]
        raise InputError(
            f"{plan.source} does not fit this network: {key} has the shape "
            f"{list(plan.shape(key))} (in our order), the network's {name} {list(own[name])}; "
            f"{len(wrong)} tensors differ. Was it made for another preset, or other classes (then "
            "leave the last layers out)?"
        )


@torch.no_grad()
def _carry_out(model: nn.Module, plan: _Plan) -> LoadReport:
    """Compare shapes, then copy tensor by tensor: the file is never in memory as a whole."""
    _check_shapes(model, plan)
    own = model.state_dict()
    for name, key in plan.pairs.items():
        own[name].copy_(plan.read(key))
    kept = sorted(own.keys() - plan.pairs.keys())
    return LoadReport(plan.source, sorted(plan.pairs), kept, plan.unused)


def _wanted(model: nn.Module) -> Iterable[str]:
    return [name for name in model.state_dict() if not name.startswith(CLASSIFIER)]


def _does_not_fit(checkpoint: TfCheckpoint, missing: list[str], plan: _Plan) -> str:
    sentence = (
        f"{checkpoint.prefix} does not fit this network: {len(missing)} tensors are missing in "
        f"the file, such as {missing[0]}; {len(plan.unused)} of the file have no place in it."
    )
    if all(name.startswith("decoder.") for name in missing) and plan.pairs:
        return (
            f"{sentence} It holds a backbone only, as from ImageNet: use init_from, or build a "
            "classifier."
        )
    return f"{sentence} Was it made for another preset?"


def _by_part(what: str, names: list[str]) -> list[str]:
    if not names:
        return []
    counts = Counter(_part(name) for name in names)
    parts = ", ".join(f"{part} {count}" for part, count in sorted(counts.items()))
    return [f"  {what}: {parts}"]


def _part(name: str) -> str:
    """``backbone.stages.stage4.block1...`` and ``encoder/_stage4/...`` -> ``stage4``."""
    words = [word.lstrip("_") for word in re.split(r"[./]", name)]
    words = [word for word in words if word not in ("backbone", "encoder", "stages", "decoder")]
    return words[0] if words else name

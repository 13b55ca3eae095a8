"""Gates of the capstone projects that are judged by what comes out: data, a hop, ported weights."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from axialkit.course.kinds import kind
from axialkit.data.check import check_dataset
from axialkit.data.check_report import Report
from axialkit.data.cityscapes import THING_TRAIN_IDS, TRAIN_CLASSES
from axialkit.data.images import read_rgb
from axialkit.errors import InputError

Finding = tuple[str, str]
Foreign = dict[str, np.ndarray]
_IMAGES, _CLASSES = 3, 3  # how many of them at least
_FLAT = 4.0  # grey levels of spread: less than that is an empty sheet


# ---- own images


def own_images(root: Path | str) -> Iterator[Finding]:
    """Look through a data set in the layout of Cityscapes, made by the learner."""
    try:
        report = check_dataset(root)
    except InputError as error:
        yield "a data set is there", str(error)
        return
    yield "the layout has no fault", "; ".join(str(f) for f in report.findings[:2])
    images = [sample.image for sample in report.samples if sample.image is not None]
    few = f"there are {len(images)}" if len(images) < _IMAGES else ""
    yield f"at least {_IMAGES} images", few
    yield "no picture is empty, there twice, or of the kit", _copied(Path(root), images)
    yield from _classes(report)


def _copied(root: Path, images: list[Path]) -> str:
    if (root / "minicity").is_dir():
        return "this is a MiniCity, which the kit has drawn"
    pictures = [read_rgb(path) for path in images]
    if len({picture.tobytes() for picture in pictures}) < len(pictures):
        return "two of them are the same picture"
    blank = [p.name for p, picture in zip(images, pictures, strict=True) if picture.std() < _FLAT]
    return f"{blank[0]} is of one color" if blank else ""


def _classes(report: Report) -> Iterator[Finding]:
    counts: dict[str, int] = {}
    for split in report.splits:
        for klass in split.statistics.classes if split.statistics else ():
            counts[klass.name] = counts.get(klass.name, 0) + klass.images
    learned = {klass.name for klass in TRAIN_CLASSES}
    shown = sorted(name for name, images in counts.items() if images and name in learned)
    few = f"there are {len(shown)}: {', '.join(shown) or 'none'}" if len(shown) < _CLASSES else ""
    yield f"at least {_CLASSES} classes", few
    things = {TRAIN_CLASSES[train_id].name for train_id in THING_TRAIN_IDS}
    none = "" if things & set(shown) else f"draw one of {', '.join(sorted(things))}"
    yield "there are things among them", none


# ---- diagonal hop


def diagonal_hop(hop: Callable[..., Any]) -> Iterator[Finding]:
    """Compare a hop along diagonals with a loop; q, k and v are the pixels themselves."""
    import torch

    for shape in ((2, 3, 4, 6), (1, 2, 5, 3), (1, 4, 1, 3)):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape))).double()
        got, b_c_h_w = hop(x.clone()), list(shape)
        if not isinstance(got, torch.Tensor) or got.shape != x.shape:
            found = list(got.shape) if isinstance(got, torch.Tensor) else type(got).__name__
            yield f"{b_c_h_w} in, the same out", f"got {found}"
            return
        yield f"{b_c_h_w} in, the same out", ""
        stray, wrong = _stray(hop, x), float((got - _by_loop(x)).abs().max())
        yield f"{b_c_h_w}: pixels hear all of their diagonal, and nothing else", stray
        yield (
            f"{b_c_h_w}: the weights are those of attention",
            ""
            if wrong < 1e-5
            else f"up to {wrong:.3g} off: softmax of q k / sqrt(c) over the "
            "diagonal, as in axial_attend of lesson 02; here q, k and v are x",
        )
        if stray or not wrong < 1e-5:
            return


def _stray(hop: Callable[..., Any], x: Any) -> str:  # noqa: ANN401  (a tensor)
    """Change one pixel; only pixels on its diagonal, of its image, may change."""
    height, width = x.shape[2:]
    y0, x0 = height // 2, width // 2
    changed = x.clone()
    changed[0, :, y0, x0] += 1
    moved = ((hop(changed) - hop(x.clone())).abs().amax(dim=1) > 1e-9).nonzero().tolist()
    for image, y, at in moved:
        if image != 0 or y - at != y0 - x0:
            other = ": of its other diagonal" if image == 0 and y + at == y0 + x0 else ""
            return f"pixel ({y}, {at}) of image {image} hears pixel ({y0}, {x0}) of image 0{other}"
    expected = sum(0 <= y0 + t < height and 0 <= x0 + t < width for t in range(-height, height))
    return "" if len(moved) == expected else f"{len(moved)} of {expected} pixels hear ({y0}, {x0})"


def _by_loop(x: Any) -> Any:  # noqa: ANN401  (a tensor)
    import torch

    batch, channels, height, width = x.shape
    out = torch.empty_like(x)
    for y in range(height):
        for at in range(width):
            steps = range(-min(y, at), min(height - y, width - at))
            line = torch.stack([x[:, :, y + t, at + t] for t in steps], dim=1)
            scores = (line * x[:, None, :, y, at]).sum(dim=2) / channels**0.5
            out[:, :, y, at] = (scores.softmax(dim=1)[..., None] * line).sum(dim=1)
    return out


# ---- port a checkpoint


def foreign_checkpoint(seed: int = 0) -> Foreign:
    """Draw weights for ``tiny_avenue``, and give them the names and layouts of another program.

    Names have slashes. Kernels of convolutions are [rows, columns, in, out], those of linear
    layers [in, out]; norms have gamma, beta, moving_mean and moving_variance. One entry is no
    weight at all.
    """
    foreign = dict(_pairs(seed))
    foreign["save_counter"] = np.array(7)
    return {name: foreign[name] for name in sorted(foreign)}


def port_checkpoint(port: Callable[[Foreign], Mapping[str, Any]]) -> Iterator[Finding]:
    """Let ``port`` translate checkpoints that it has not seen; compare every number."""
    import torch

    for seed in (11, 12):
        expected = _drawn_weights(seed)
        ported = port(foreign_checkpoint(seed))
        if not isinstance(ported, Mapping):
            yield "port gives a state dict", f"got a {type(ported).__name__}"
            return
        missing = sorted(expected.keys() - ported.keys())
        extra = sorted(
            k for k in ported.keys() - expected.keys() if not k.endswith("num_batches_tracked")
        )
        yield "no weight is missing", f"{len(missing)}, such as {missing[0]}" if missing else ""
        yield "nothing is left over", f"{len(extra)}, such as {extra[0]}" if extra else ""
        wrong = [_difference(k, ported[k], v) for k, v in expected.items() if k in ported]
        bad = [text for text in wrong if text]
        yield (
            "every number is in its place",
            f"{len(bad)} tensors: {bad[0]}" if bad else "" if wrong else "there are none",
        )
        arrays = [k for k, value in ported.items() if not isinstance(value, torch.Tensor)]
        yield (
            "load_state_dict takes it: all are tensors",
            f"{arrays[0]} is {kind(ported[arrays[0]])}: torch.from_numpy makes a tensor of it"
            if arrays
            else "",
        )


def _drawn_weights(seed: int) -> dict[str, Any]:
    """Draw a state dict with other numbers everywhere, so that nothing can be mistaken."""
    import torch

    from axialkit.model import build_model

    random = torch.Generator().manual_seed(seed)
    state = build_model("tiny_avenue").state_dict()
    return {
        name: torch.randn(tensor.shape, generator=random)
        for name, tensor in state.items()
        if not name.endswith("num_batches_tracked")
    }


def _pairs(seed: int) -> Iterator[tuple[str, np.ndarray]]:
    from torch import nn

    from axialkit.model import build_model

    modules = dict(build_model("tiny_avenue").named_modules())
    norms = {
        "weight": "gamma", "bias": "beta",
        "running_mean": "moving_mean", "running_var": "moving_variance",
    }  # fmt: skip
    for name, tensor in _drawn_weights(seed).items():
        owner, _, last = name.rpartition(".")
        module, array = modules[owner], tensor.numpy()
        if hasattr(module, "running_mean"):
            last = norms[last]
        elif last == "weight" and isinstance(module, nn.Conv2d | nn.Linear):
            last, array = "kernel", np.moveaxis(array, (0, 1), (-1, -2))
        yield f"{owner}/{last}".replace(".", "/"), np.ascontiguousarray(array)


def _difference(name: str, got: Any, expected: Any) -> str:  # noqa: ANN401  (tensors, we hope)
    shape = tuple(getattr(got, "shape", ()))
    if shape != tuple(expected.shape):
        return f"{name} is {list(shape)}, expected {list(expected.shape)}"
    is_same = np.allclose(np.asarray(got), expected.numpy(), rtol=0, atol=1e-6)
    return "" if is_same else f"{name} has the right shape, but other numbers (turned?)"

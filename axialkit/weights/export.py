"""Networks for other programs: one file for ``torch.export`` or ONNX, without batch norms.

A file holds the network for images of one size, in batches of any size: float32 RGB
``[batch, 3, height, width]`` in 0..255 under the name ``images``. The answers are ``semantic``,
``center`` and ``offset`` as in ``Prediction``; the normalisation is inside.
"""

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import torch
from torch import Tensor, nn

import axialkit
from axialkit.attention import set_attention_backend
from axialkit.errors import InputError, suggest
from axialkit.files import atomic_path
from axialkit.model.prepare import fold_batch_norms
from axialkit.model.resize import Size
from axialkit.structures import Prediction

OPSET = 18  # of ONNX: what torch writes without converting
PROTOBUF_LIMIT = 2**31  # bytes that one ONNX file can hold; larger weights get their own file
ROOM = 2**26  # for everything in that file but the weights
BATCH = {"images": {0: torch.export.Dim("batch")}}  # the only axis that may change
NORMALISATION = "inside: images / 127.5 - 1"


class _Named(nn.Module):
    """The network with its answers by name, a form that other programs know."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        return self.network(images)._asdict()


def export_network(
    model: nn.Module, path: Path | str, size: Size, *, kind: str, preset: str
) -> list[Path]:
    """Fold the batch norms of a network in evaluation mode and write it; return the files.

    ``kind`` is one of ``FORMATS``; ``preset`` goes into the file's metadata. An ONNX file over
    2 GB keeps its weights in a second file, ``PATH.data``.

    Raises:
        InputError: an unknown format, a path with another ending, a size without pixels, or
            a folder that cannot be written to.
        ModuleNotFoundError: the packages of the extra ``export`` are missing.

    Example::

        export_network(load_model("tiny"), "tiny.onnx", (129, 257), kind="onnx", preset="tiny")
    """
    path = Path(path)
    check_request(path, size, kind)
    metadata = {
        "size": f"{size[0]}x{size[1]}",
        "preset": preset,
        "axialkit": axialkit.__version__,
        "normalisation": NORMALISATION,
    }
    folded = fold_batch_norms(model)
    set_attention_backend(folded, "reference")  # made of operators that other programs have
    with _without_noise(), _all_or_nothing(path) as inside:
        FORMATS[kind].write(_trace(folded, size), inside, metadata)
        return [path.with_name(file.name) for file in sorted(inside.parent.iterdir())]


def check_request(path: Path, size: Size, kind: str) -> None:
    """Refuse what cannot be exported, before any work.

    Raises:
        InputError: an unknown format, a path with another ending, or a size without pixels.
        ModuleNotFoundError: a package that writing needs is not installed.
    """
    if kind not in FORMATS:
        raise InputError(
            f'There is no export format "{kind}".{suggest(kind, list(FORMATS))} '
            f"Formats: {', '.join(FORMATS)}."
        )
    suffix = FORMATS[kind].suffix
    if path.suffix != suffix:
        raise InputError(f"A file of format {kind} must end in {suffix}, got {path}.")
    if min(size) < 1:
        raise InputError(
            f"The size of an exported network must be positive, got {size[0]} {size[1]}."
        )
    for package in FORMATS[kind].packages:
        import_module(package)


def weight_bytes(tensors: dict[str, Tensor]) -> int:
    """Count the bytes of all tensors."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def needs_own_file(bytes_of_weights: int) -> bool:
    """Whether the weights are too large to be stored inside an ONNX file."""
    return bytes_of_weights > PROTOBUF_LIMIT - ROOM


Metadata = dict[str, str]
Program = torch.export.ExportedProgram


def _trace(model: nn.Module, size: Size) -> Program:
    # torch.export.save warns about weights in other memory formats
    named = _Named(model).eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    images = torch.zeros(2, 3, *size)  # two: a single image would fix the batch to one
    program = torch.export.export(named, (images,), dynamic_shapes=BATCH)
    program.example_inputs = None  # would be stored as well
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # names folders of this machine
    return program


def _write_torch(program: Program, path: Path, metadata: Metadata) -> None:
    torch.export.save(program, path, extra_files={"axialkit.json": json.dumps(metadata)})


def _write_onnx(program: Program, path: Path, metadata: Metadata) -> None:
    onnx = torch.onnx.export(
        program,
        input_names=["images"],
        output_names=list(Prediction._fields),
        dynamic_shapes=BATCH,  # for its name alone
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    assert onnx is not None
    onnx.model.metadata_props.update(metadata)
    onnx.save(path, external_data=needs_own_file(weight_bytes(program.state_dict)))


@contextmanager
def _all_or_nothing(path: Path) -> Iterator[Path]:
    """Yield a path of the same name elsewhere; put it in place, with any file written beside it.

    Both formats write their own name into the file, which rules out a temporary one.
    """
    with (
        atomic_path(path) as temporary,
        TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}.", suffix=".tmp") as folder,
    ):
        inside = Path(folder) / path.name
        yield inside
        for file in set(Path(folder).iterdir()) - {inside}:
            with atomic_path(path.with_name(file.name)) as beside:
                file.replace(beside)
        inside.replace(temporary)


class Format(NamedTuple):
    """One kind of file that a network can be exported to."""

    suffix: str
    packages: tuple[str, ...]  # that writing needs, beyond axialkit's own
    write: Callable[[Program, Path, Metadata], None]


FORMATS = {
    "torch": Format(".pt2", (), _write_torch),
    "onnx": Format(".onnx", ("onnx", "onnxscript"), _write_onnx),
}


@contextmanager
def _without_noise() -> Iterator[None]:
    """Keep two remarks of torch away, on its own inside and on torchvision, that help nobody."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`isinstance.treespec, LeafSpec", FutureWarning)
            yield
    finally:
        logger.setLevel(level)

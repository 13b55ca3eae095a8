"""Running an exported ONNX file in onnxruntime, in place of the network."""

from pathlib import Path

import torch
from jaxtyping import Shaped
from torch import Tensor, nn

from axialkit.errors import InputError
from axialkit.structures import Prediction


class OnnxNetwork(nn.Module):
    """An ONNX file of ``axialkit export``, used like the network itself; runs on the CPU.

    ``threads`` are those of one run, 0 for what onnxruntime chooses. More than one wait for work
    between the runs without resting: they take CPU time from whatever runs there.

    Its ``metadata`` tell ``size``, ``preset``, ``normalisation`` and the version of axialkit.

    Raises:
        InputError: no such file, or not one of ``axialkit export``.

    Example::

        network = OnnxNetwork("tiny_129x257.onnx")
        result = axialkit.segment(network, read_rgb("street.png"), load_config("tiny"))
    """

    def __init__(self, path: Path | str, threads: int = 0) -> None:
        super().__init__()
        from onnxruntime import InferenceSession, SessionOptions
        from onnxruntime.capi import onnxruntime_pybind11_state as errors

        if not Path(path).is_file():
            raise InputError(f"There is no file {path}. Make it with: axialkit export")
        options = SessionOptions()
        options.intra_op_num_threads = threads
        try:
            self.session = InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except (errors.InvalidProtobuf, errors.InvalidArgument, errors.Fail) as error:
            raise InputError(
                f"{path} cannot be read by onnxruntime ({error}). Export it again."
            ) from error
        self.path = path
        self.metadata: dict[str, str] = self.session.get_modelmeta().custom_metadata_map
        if not {"size", "preset"} <= self.metadata.keys():
            raise InputError(f"{path} was not made by axialkit export: it does not name its size.")

    def forward(self, images: Shaped[Tensor, "batch channel height width"]) -> Prediction:
        """Answer like ``AxialDeepLab``: RGB images in 0..255, of the file's size.

        Raises:
            InputError: images of another size.
        """
        height, width = map(int, self.metadata["size"].split("x"))
        if images.shape[1:] != (3, height, width):
            given = tuple(images.shape[1:])
            raise InputError(
                f"{self.path} takes images of {(3, height, width)} (channels, height, width), got "
                f"{given}. Export a file for that size: axialkit export {self.metadata['preset']} "
                f"--format onnx --size {given[1]} {given[2]}"
            )
        answers = self.session.run(None, {"images": images.float().cpu().numpy()})
        return Prediction(*map(torch.from_numpy, answers))

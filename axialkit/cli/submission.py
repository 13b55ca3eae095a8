"""``axialkit submission NAME_OR_RUN``: results on the test split, zipped for the test server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from axialkit.cli.parse import OptionalFolder, OptionalPath, parse
from axialkit.cli.roots import default_root, is_drawn
from axialkit.cli.tables import table
from axialkit.config import Passes


@dataclass(frozen=True)
class Arguments:
    """Segment the test images and pack the results for the Cityscapes test server.

    Three archives, one per benchmark: panoptic.zip, pixel.zip and instance.zip. Labels are not
    needed. Run it again after an interruption, and it goes on.

    Examples:
      axialkit submission runs/big --data data/cityscapes --out submission
      axialkit submission tiny --split val --out trial       to look at the files

    Next:
      upload the archives at cityscapes-dataset.com (an account is needed)
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME_OR_RUN")]
    """A preset with weights (axialkit weights list), or the folder of a run or of weights."""
    data: Annotated[OptionalFolder, tyro.conf.arg(name="data", metavar="ROOT")] = None
    """Folder that holds leftImg8bit; by default the data set the network is made for."""
    split: str = "test"
    """train, val or test."""
    out: Annotated[Path, tyro.conf.arg(metavar="DIR")] = Path("submission")
    """Folder for the files and the archives; one for each network."""
    weights: OptionalPath = None
    """Weights of the same network to use instead, such as RUN/best.safetensors."""
    flip: bool = False
    """Average with the answer to the mirrored image."""
    scales: Annotated[tuple[float, ...], tyro.conf.arg(metavar="S ...")] = (1.0,)
    """Average over these sizes of the image."""

    def __post_init__(self) -> None:
        """Reject impossible scales before the network is loaded."""
        Passes(self.flip, self.scales)


@contextmanager
def _going_on(out: Path) -> Iterator[None]:
    """Say after Ctrl-C that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        remedy = f"What is done is kept in {out}; the same command goes on."
        raise KeyboardInterrupt(remedy) from None


def command(argv: list[str]) -> int:
    """Write the archives and list them."""
    arguments = parse(Arguments, argv, "submission")
    from axialkit.bench.timing import default_device
    from axialkit.evaluation.network import NetworkPredictions
    from axialkit.evaluation.submission import write_submission
    from axialkit.inference import InferenceOptions
    from axialkit.weights import load_config, load_model

    config = load_config(arguments.model)
    with _going_on(arguments.out):
        model = load_model(arguments.model, arguments.weights).to(default_device())
        options = InferenceOptions(Passes(arguments.flip, arguments.scales))
        network = NetworkPredictions(model, config, options, arguments.model)
        root = arguments.data or default_root(config)
        archives = write_submission(network, root, arguments.out, arguments.split)
    if is_drawn(config):
        print("These are results on drawn streets, which no server scores.")
    else:
        print("Next: upload them at cityscapes-dataset.com.")
    rows = [(str(one.path), str(one.files), f"{one.size / 1e6:.1f}") for one in archives]
    print(table(["archive", "files", "MB"], rows))
    return 0

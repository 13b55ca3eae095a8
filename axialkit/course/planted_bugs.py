"""Six bugs that stop no program, and the curves by which they are told apart.

The curves are recorded: ``python -m axialkit.course.record_bugs`` trains with every bug and with
none, over several seeds, and stores what it measured.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from axialkit.errors import InputError, suggest

BUGS = {
    "none": "nothing: a healthy run",
    "batch norm in eval": "net.train() was never called: batch norms never look at a batch",
    "learning rate x 100": "a rate of 1 in place of 0.01",
    "a class ignored": "the label to be ignored is 0, which is road, and not 255",
    "flip forgets the offsets' sign": "mirrored samples have arrows in the old direction",
    "backbone frozen": "the optimizer got the decoder's and the heads' weights only",
    "labels of another image": "in every batch, each image gets the labels of another one",
}
STORE = Path(__file__).with_name("bug_curves.npz")
SEEDS = range(3)
STEPS, EVERY = 150, 10
HEADS = ("semantic", "center", "offset")
STAGES = ("front", "block", "decoder", "heads")
NAMES = (
    *HEADS,
    *(f"val {head}" for head in HEADS),
    *(f"gradient {stage}" for stage in STAGES),
    *(f"moved {stage}" for stage in STAGES),
    "statistics moved",
)


class RunCurves(dict[str, Float[np.ndarray, " look"]]):
    """What was recorded of a run, by name: one number per look. Equal if all numbers are."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RunCurves) or self.keys() != other.keys():
            return False
        return all(np.array_equal(self[name], other[name]) for name in self)

    def __ne__(self, other: object) -> bool:
        return not self == other  # dict has one of its own

    __hash__ = None

    def __repr__(self) -> str:
        return "<curves of a run>"


def name_bug(run: RunCurves, healthy: RunCurves) -> str:
    """Name the bug of a run from its curves, beside those of a healthy one."""
    end = {name: values[-3:].mean() for name, values in run.items()}
    good = {name: values[-3:].mean() for name, values in healthy.items()}
    if end["moved front"] == 0:
        return "backbone frozen"
    if end["statistics moved"] == 0:
        return "batch norm in eval"
    if end["moved decoder"] > 3 * good["moved decoder"]:
        return "learning rate x 100"
    if end["val semantic"] > 2 * end["semantic"]:
        return "a class ignored"
    if end["semantic"] > 1.5 * good["semantic"]:
        return "labels of another image"
    if end["offset"] > 1.5 * good["offset"]:
        return "flip forgets the offsets' sign"
    return "none"


def recorded(bug: str, seed: int) -> RunCurves:
    """Return the recorded curves of a run: one number per look, each ``EVERY`` steps apart.

    Raises:
        InputError: there is no such bug, or it was not recorded with that seed.
    """
    if bug not in BUGS:
        raise InputError(f'There is no bug "{bug}".{suggest(bug, list(BUGS))}')
    if seed not in SEEDS:
        raise InputError(f"The bugs are recorded with seeds 0 to {SEEDS[-1]}, not {seed}.")
    with np.load(STORE) as stored:
        table = stored[f"{bug}, {seed}"].astype(np.float64)
    steps = np.arange(EVERY, STEPS + 1, EVERY, dtype=np.float64)
    return RunCurves(step=steps, **dict(zip(NAMES, table, strict=True)))

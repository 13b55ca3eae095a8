"""Stored outcomes of the ablations over several seeds: what `make bands` measured, and where.

Lessons draw these figures, marked as stored, beside the one run that the learner has just made.
"""

from pathlib import Path
from typing import NamedTuple

from axialkit.course.wrapping import wrapped
from axialkit.errors import InputError, suggest
from axialkit.files import read_json

STORE = Path(__file__).with_name("bands.json")


class Band(NamedTuple):
    """The outcomes of one ablation over seeds."""

    values: dict[str, list[float]]  # variant -> one outcome per seed
    seeds: list[int]
    source: str  # "stored, measured with seeds 0, 1, 2 on ...": printed wherever it is shown

    def says(self, variant: str, form: str = ".0%") -> str:
        """Return the lowest and the highest outcome of a variant: "21 % to 32 %"."""
        low, high = min(self.values[variant]), max(self.values[variant])
        texts = [format(value, form).replace("%", " %") for value in (low, high)]
        return texts[0] if texts[0] == texts[1] else " to ".join(texts)


def band(name: str) -> Band:
    """Return the stored outcomes of an ablation.

    Raises:
        InputError: nothing is stored under that name.
    """
    stored = read_json(STORE)
    if name not in stored:
        raise InputError(
            f'There is no band "{name}".{suggest(name, list(stored))} '
            f"Stored: {', '.join(stored)}. `make bands` measures them."
        )
    entry = stored[name]
    seeds = ", ".join(map(str, entry["seeds"]))
    source = (
        f"stored, measured with seeds {seeds} on {entry['date']}, {entry['cpu_seconds']:.0f} "
        f"CPU-seconds on {entry['machine']}, torch {entry['torch']} "
        f"({entry['command']} repeats it)"
    )
    return Band(entry["values"], entry["seeds"], wrapped(source))

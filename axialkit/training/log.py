"""What a run says while it trains: a progress bar, log.jsonl, and TensorBoard if installed."""

import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from axialkit.config import TrainConfig
from axialkit.structures import LossTerms

LOG_FILE = "log.jsonl"


class RunLog:
    """Averages the loss terms over ``log_every`` steps and reports them.

    Every line of log.jsonl holds step, learning_rate, seconds (per step) and the weighted terms
    semantic, center, offset. Lines after ``start`` are dropped: a resumed run writes them again.
    """

    def __init__(self, out: Path, config: TrainConfig, start: int, *, progress: bool) -> None:
        self.config = config
        self.path = out / LOG_FILE
        self.bar = tqdm(
            total=config.steps, initial=start, unit="step", desc="train", disable=not progress
        )
        self.board = _tensorboard(out, start)
        self._sums, self._count, self._seconds = [0.0, 0.0, 0.0], 0, 0.0
        kept = [line for line in read_log(out) if line["step"] <= start]
        self.path.write_text("".join(json.dumps(line) + "\n" for line in kept))

    def step(self, step: int, terms: LossTerms, rate: float, seconds: float) -> None:
        """Count one finished step."""
        self._sums = [total + float(term) for total, term in zip(self._sums, terms, strict=True)]
        self._count += 1
        self._seconds += seconds
        self.bar.update()
        if step % self.config.log_every == 0 or step == self.config.steps:
            self._report(step, rate)

    def close(self) -> None:
        """Leave the terminal and the files in order."""
        self.bar.close()
        if self.board is not None:
            self.board.close()

    def _report(self, step: int, rate: float) -> None:
        means = [total / self._count for total in self._sums]
        terms = dict(zip(LossTerms._fields, means, strict=True))
        seconds = self._seconds / self._count
        self.bar.set_postfix({name: f"{value:.2f}" for name, value in terms.items()})
        line = {"step": step, "learning_rate": rate, "seconds": seconds, **terms}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        if self.board is not None:
            for name, value in {**terms, "total": sum(means)}.items():
                self.board.add_scalar(f"loss/{name}", value, step)
            self.board.add_scalar("learning_rate", rate, step)
        self._sums, self._count, self._seconds = [0.0, 0.0, 0.0], 0, 0.0


def read_log(out: Path) -> list[dict[str, Any]]:
    """Read a run's log.jsonl; a run without one has an empty log."""
    path = out / LOG_FILE
    lines = path.read_text().splitlines() if path.exists() else []
    whole = [line for line in lines if line.endswith("}")]  # a crash may cut off the last one
    return [json.loads(line) for line in whole]


def _tensorboard(out: Path, start: int) -> Any:  # noqa: ANN401  (None without TensorBoard)
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(out / "tensorboard"), purge_step=start + 1)

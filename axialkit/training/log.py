"""What a run says while it trains: a progress bar, log.jsonl, and TensorBoard if installed."""

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm

from axialkit.config import TrainConfig
from axialkit.errors import InputError
from axialkit.files import atomic_path
from axialkit.structures import LossTerms
from axialkit.training.step import StepReport

LOG_FILE = "log.jsonl"
_PAUSE = 10  # seconds between lines of the progress bar in files and notebooks


class RunLog:
    """Averages over ``log_every`` steps and reports.

    Every line of log.jsonl holds step, learning_rate, seconds (per step), images_per_second (of
    all processes), data_wait (the share of the time without data, 0..1), gradient_norm (before
    clipping), skipped_images, skipped_steps and the weighted terms semantic, center, offset. Lines
    after ``start`` are dropped: a resumed run writes them again. A ``silent`` log reports nothing.
    """

    def __init__(
        self, out: Path, config: TrainConfig, start: int, *, progress: bool, silent: bool = False
    ) -> None:
        self.config, self.silent = config, silent
        self.path = out / LOG_FILE
        self.bar = tqdm(
            total=config.steps,
            initial=start,
            unit="step",
            desc="train",
            disable=not progress,
            mininterval=0.1 if sys.stderr.isatty() else _PAUSE,
        )
        self.board = None if silent else _tensorboard(out, start)
        self._steps: list[tuple[StepReport, float]] = []  # since the last line, with seconds
        self._skipped_images, self._skipped_steps = 0, 0
        if not silent:
            kept = [line for line in read_log(out) if line["step"] <= start]
            write_lines(self.path, kept)
            if kept:
                self._skipped_images = kept[-1].get("skipped_images", 0)
                self._skipped_steps = kept[-1].get("skipped_steps", 0)

    def step(self, step: int, report: StepReport, rate: float, seconds: float) -> None:
        """Count one finished step."""
        self._steps.append((report, seconds))
        self._skipped_steps += not report.moved
        self.bar.update()
        if step % self.config.log_every == 0 or step == self.config.steps or report.stop:
            self._report(step, rate)

    def skipped(self, error: InputError) -> None:
        """Count an image that could not be read, and say so."""
        self._skipped_images += 1
        self.bar.write(f"Left out, {self._skipped_images} so far: {error}")

    def scores(self, step: int, scores: Mapping[str, float]) -> None:
        """Tell the scores of an evaluation on the way."""
        for name, value in scores.items():
            self._add(f"val/{name}", value, step)
        if not self.bar.disable:
            said = ", ".join(f"{name} {100 * value:.1f}" for name, value in scores.items())
            self.bar.write(f"step {step}: {said}")

    def close(self) -> None:
        """Leave the terminal and the files in order."""
        self.bar.close()
        if self.board is not None:
            self.board.close()

    def _report(self, step: int, rate: float) -> None:
        line = {"step": step, "learning_rate": rate, **self._averages()}
        self._steps = []
        self.bar.set_postfix(
            {name: f"{line[name]:.2f}" for name in LossTerms._fields}
            | {"img/s": f"{line['images_per_second']:.1f}", "wait": f"{line['data_wait']:.0%}"}
        )
        if self.silent:
            return
        with self.path.open("a") as file:
            file.write(json.dumps(_without_nan(line)) + "\n")
        for name in LossTerms._fields:
            self._add(f"loss/{name}", line[name], step)
        self._add("loss/total", sum(line[name] for name in LossTerms._fields), step)
        for name in ("learning_rate", "images_per_second", "data_wait", "gradient_norm"):
            self._add(name, line[name], step)

    def _averages(self) -> dict[str, Any]:
        count = len(self._steps)
        seconds = sum(seconds for _, seconds in self._steps)
        moved = [report for report, _ in self._steps if report.moved]
        terms = [_mean([report.terms[place] for report in moved]) for place in range(3)]
        return {
            "seconds": seconds / count,
            "images_per_second": count * self.config.batch_size / seconds,
            "data_wait": sum(report.waited for report, _ in self._steps) / seconds,
            "gradient_norm": _mean([report.gradient_norm for report in moved]),
            "skipped_images": self._skipped_images,
            "skipped_steps": self._skipped_steps,
            **dict(zip(LossTerms._fields, terms, strict=True)),
        }

    def _add(self, name: str, value: float, step: int) -> None:
        if self.board is not None:
            self.board.add_scalar(name, value, step)


def read_log(out: Path) -> list[dict[str, Any]]:
    """Read a run's log.jsonl; a run without one has an empty log."""
    return read_lines(out / LOG_FILE)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file with one JSON object per line; none, if there is no file."""
    lines = path.read_text().splitlines() if path.exists() else []
    whole = [line for line in lines if line.endswith("}")]  # a crash may cut off the last one
    return [json.loads(line) for line in whole]


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write one JSON object per line, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text("".join(json.dumps(_without_nan(line)) + "\n" for line in lines))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _without_nan(line: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in line.items()
    }


def _tensorboard(out: Path, start: int) -> Any:  # noqa: ANN401  (None without TensorBoard)
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(out / "tensorboard"), purge_step=start + 1)

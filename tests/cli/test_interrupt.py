"""A real Ctrl-C: SIGINT to the process and its children, as a terminal sends it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from axialkit.weights.checkpoints import newest_checkpoint


def interrupt(arguments: list[str], when: Callable[[], bool]) -> subprocess.CompletedProcess[str]:
    """Run the command, send SIGINT to its process group as soon as ``when()``, wait for its end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "axialkit", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    deadline = time.monotonic() + 600  # only against hanging forever
    try:
        while not when() and process.poll() is None:
            assert time.monotonic() < deadline, "it never came so far"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=600)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def assert_polite(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 130, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("axialkit: Interrupted; no file is half-written")


def temporary(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if ".tmp" in path.name]


def test_data_minicity_keeps_finished_images_and_completes(tmp_path, axk):
    root = tmp_path / "city"
    arguments = ["data", "minicity", "--scenes", "avenue", "--train", "1500", "--val", "4"]
    arguments += ["--out", str(root), "--workers", "2"]

    def finished() -> list[Path]:
        return sorted((root / "leftImg8bit").rglob("*_leftImg8bit.png"))

    done = interrupt(arguments, lambda: len(finished()) >= 5)
    assert_polite(done)
    kept = finished()
    assert 5 <= len(kept) < 1500
    assert temporary(root) == []
    for path in root.rglob("*.png"):
        Image.open(path).load()
    for path in root.rglob("*.json"):
        json.loads(path.read_text())

    stamps = {path: path.stat().st_mtime_ns for path in kept}
    few = ["--scenes", "avenue", "--train", "1", "--val", "4", "--out", root, "--workers", "1"]
    assert axk("data", "minicity", *few).code == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == stamps
    from axialkit.data.minicity import is_complete

    assert is_complete(root)


def test_train_leaves_a_whole_checkpoint_and_resumes(tmp_path, axk, city):
    out = tmp_path / "run"
    arguments = ["train", "tiny_avenue", "--data", str(city), "--out", str(out)]
    arguments += ["--train.steps", "100000", "--train.batch-size", "2", "--train.log-every", "1"]

    def under_way() -> bool:
        log = out / "log.jsonl"
        return log.exists() and log.read_text().count("\n") >= 2

    done = interrupt(arguments, under_way)
    assert_polite(done)
    assert f"Go on with: axialkit train --resume {out}" in done.stderr
    assert temporary(out) == []
    assert not (out / "weights.safetensors").exists()
    steps = int(newest_checkpoint(out).stem.removeprefix("step_"))
    assert steps >= 2

    threading.Thread(target=interrupt_when_under_way, args=(out, steps), daemon=True).start()
    assert axk("train", "--resume", out).code == 130
    lines = [json.loads(line)["step"] for line in (out / "log.jsonl").read_text().splitlines()]
    assert lines == list(range(1, len(lines) + 1))
    assert len(lines) > steps


def interrupt_when_under_way(out: Path, steps: int) -> None:
    """Press Ctrl-C in this process once two more steps are logged."""
    while (out / "log.jsonl").read_text().count("\n") < steps + 2:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)

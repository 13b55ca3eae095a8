"""The single checks of ``axialkit doctor``: each looks at one thing and says what to do.

A check never raises; what it cannot find out is a result too.
"""

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

import axialkit
from axialkit.cli.run import explain
from axialkit.errors import InputError

OK: Final = "ok"
WARN: Final = "warn"
FAIL: Final = "fail"
OLDEST_PYTHON = (3, 10)
EXTRAS = {
    "notebooks": ("jupyterlab", "papermill"),
    "demo": ("gradio",),
    "data": ("cityscapesscripts", "pycocotools"),
    "tensorboard": ("tensorboard",),
    "export": ("onnx",),
    "video": ("av",),
}
WHAT_EXTRAS_SERVE = {
    "notebooks": "the course",
    "demo": "axialkit demo",
    "data": "the official score",
    "tensorboard": "loss curves",
    "export": "ONNX files",
    "video": "axialkit predict on videos",
}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")
CITYSCAPES_COUNTS = {"train": 2975, "val": 500}
GIGABYTE = 1024**3


class Check(NamedTuple):
    """One line of the report; ``advice`` is empty when nothing needs to be done."""

    name: str
    status: Literal["ok", "warn", "fail"]
    found: str
    advice: str = ""


def check_python() -> Check:
    """Python is recent enough for the package."""
    version = platform.python_version()
    found = f"{version} ({sys.executable})"
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Check("Python", FAIL, found, "Install Python 3.10 or newer.")
    return Check("Python", OK, found)


def check_packages() -> Iterator[Check]:
    """Every core package is there, in the range that the code needs; names the tested version."""
    from packaging.requirements import Requirement

    tested = tested_versions()
    for line in importlib.metadata.requires("axialkit") or []:
        requirement = Requirement(line)
        if requirement.marker is None:
            yield _check_package(
                requirement.name, str(requirement.specifier), tested.get(requirement.name)
            )


def _check_package(name: str, specifier: str, tested: str | None) -> Check:
    from packaging.specifiers import SpecifierSet

    install = f'pip install "{name}{specifier}"'
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Check(name, FAIL, "not installed", f"{install}.")
    if not SpecifierSet(specifier).contains(version, prereleases=True):
        return Check(name, FAIL, f"{version}, needs {specifier}", f"{install}.")
    if tested is not None and version.split("+")[0] != tested:
        return Check(name, OK, f"{version} (tested with {tested})")
    return Check(name, OK, version)


def tested_versions() -> dict[str, str]:
    """Read ``constraints.txt`` of the checkout; empty for a package installed without it."""
    path = Path(axialkit.__file__).parents[1] / "constraints.txt"
    if not path.is_file():
        return {}
    lines = (line.split("#")[0].split(";")[0].strip() for line in path.read_text().splitlines())
    return dict(line.split("==", 1) for line in lines if "==" in line)


def check_torch() -> Iterator[Check]:
    """PyTorch computes, on every device it offers."""
    try:
        import torch
    except Exception as error:  # a broken binary can raise anything
        yield Check("PyTorch", FAIL, f"does not load: {error}", "Reinstall torch.")
        return
    devices = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    devices += ["mps"] if torch.backends.mps.is_available() else []
    for device in devices:
        yield _check_device(device)
    if len(devices) == 1:
        yield Check("accelerator", OK, "none; the course and the small networks need none")
    yield _check_threads(torch.get_num_threads())


def _check_device(device: str) -> Check:
    import torch

    name = f"device {device}"
    try:
        ones = torch.ones(64, 64, device=device)
        works = float((ones @ ones).sum()) == 64**3
    except RuntimeError as error:
        advice = "" if device == "cpu" else "Check the driver, or hide it: CUDA_VISIBLE_DEVICES= ."
        return Check(name, FAIL if device == "cpu" else WARN, str(error).splitlines()[0], advice)
    if not works:
        return Check(name, FAIL, "multiplies wrongly", "Reinstall torch.")
    if device.startswith("cuda"):
        card = torch.cuda.get_device_properties(device)
        return Check(name, OK, f"{card.name}, {card.total_memory / GIGABYTE:.0f} GB")
    return Check(name, OK, platform.processor() or platform.machine())


def _check_threads(threads: int) -> Check:
    cores = usable_cores()
    if threads > cores:
        advice = f"Slow: set OMP_NUM_THREADS={cores}."
        return Check("threads", WARN, f"{threads} threads on {cores} usable cores", advice)
    return Check("threads", OK, f"{threads} on {cores} usable cores")


def usable_cores() -> int:
    """Return the cores that this process may use, a container's quota included; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = Path("/sys/fs/cgroup/cpu.max")
    if quota.is_file():
        limit, period = quota.read_text().split()[:2]
        if limit != "max":
            cores = min(cores or 1, round(int(limit) / int(period)))
    return max(1, cores or 1)


def check_memory() -> Check:
    """There is memory for the small networks."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIGABYTE
    except (AttributeError, ValueError, OSError):  # no such call on Windows
        return Check("memory", OK, "cannot be asked on this system")
    if total < 2:
        return Check("memory", WARN, f"{total:.1f} GB", "Close other programs; 4 GB are advised.")
    return Check("memory", OK, f"{total:.1f} GB")


def check_disk(folder: Path) -> Check:
    """There is room for MiniCity and a few runs."""
    free = shutil.disk_usage(folder).free / GIGABYTE
    found = f"{free:.1f} GB free in {folder}"
    if free < 0.3:
        return Check("disk", FAIL, found, "Free some space: MiniCity and a run need 0.3 GB.")
    if free < 2:
        return Check("disk", WARN, found, "Enough for MiniCity, not for much more.")
    return Check("disk", OK, found)


def check_writable(folder: Path) -> Check:
    """The working folder can be written to: data and runs go there."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"axialkit")
    except OSError as error:
        advice = "Change to a folder of your own, or give --out."
        return Check("write permission", FAIL, f"{folder}: {error.strerror}", advice)
    return Check("write permission", OK, str(folder))


def check_data(name: str, root: Path, advice: str, counts: dict[str, int] | None = None) -> Check:
    """A data set is complete: every image has its labels, and none is missing."""
    from axialkit.data.cityscapes import list_samples
    from axialkit.data.minicity import is_complete

    if not root.exists():
        # only what a newcomer needs is a warning; Cityscapes is for those who registered
        return Check(name, WARN if counts is None else OK, f"not in {root}", advice)
    try:
        found = {split: len(list_samples(root, split)) for split in ("train", "val")}
    except InputError as error:
        return Check(name, WARN, str(error), advice)
    text = ", ".join(f"{count} {split}" for split, count in found.items()) + f" in {root}"
    if (root / "minicity").is_dir() and not is_complete(root):
        return Check(name, WARN, f"{text}, not complete", advice)
    if counts is not None and found != counts:
        wanted = ", ".join(f"{count} {split}" for split, count in counts.items())
        return Check(name, WARN, text, f"The full set has {wanted}; unpack the archives again.")
    return Check(name, OK, text)


def check_weights() -> Iterator[Check]:
    """The shipped weights are there and load."""
    from axialkit.weights import load_model, shipped_names

    names = shipped_names()
    if not names:
        yield Check("weights", FAIL, "none in the package", "Install axialkit again.")
    for name in names:
        try:
            load_model(name)
        except Exception as error:  # a damaged file may raise anything
            found = explain(error) or f"{type(error).__name__}: {error}"
            yield Check(f"weights {name}", FAIL, found, "Install axialkit again.")
        else:
            yield Check(f"weights {name}", OK, "load")


def check_cache() -> Check:
    """Which of the authors' weights have been fetched."""
    from axialkit.weights.files import WEIGHTS_FILE
    from axialkit.weights.home import home_folder
    from axialkit.weights.released import RELEASED

    home = home_folder()
    here = [r.folder for r in RELEASED if (home / r.folder / WEIGHTS_FILE).is_file()]
    found = f"{', '.join(here) or 'none'} in {home}"
    return Check(
        "weights of authors", OK, found, "" if here else "Optional: axialkit weights list."
    )


def check_extras() -> Iterator[Check]:
    """Which optional parts are installed."""
    for extra, packages in EXTRAS.items():
        missing = [name for name in packages if not _installed(name)]
        purpose = WHAT_EXTRAS_SERVE[extra]
        if missing:
            advice = f'For {purpose}: pip install -e ".[{extra}]".'
            yield Check(f"extra {extra}", WARN, f"without {', '.join(missing)}", advice)
        else:
            versions = ", ".join(f"{n} {importlib.metadata.version(n)}" for n in packages)
            yield Check(f"extra {extra}", OK, versions)


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def check_chromium() -> Check:
    """A browser for the tests that drive one."""
    for name in CHROMIUM:
        path = shutil.which(name)
        if path:
            return Check("Chromium", OK, path)
    advice = "Only for the browser tests: apt-get install chromium."
    return Check("Chromium", WARN, "not found", advice)

"""Starts one unmodified script of cityscapesscripts. Runs alone, under any Python and NumPy.

    python official_start.py panoptic|pixel|instance [ARGUMENT ...]

It needs no other file of axialkit, so it can run in an environment that has none. NumPy 2.3 and
later lack what the scripts use; that is given back before they start, and said on the first lines.
"""

import importlib
import json
import os
import sys
from typing import Any

import numpy

MODULES = {
    "panoptic": "cityscapesscripts.evaluation.evalPanopticSemanticLabeling",
    "pixel": "cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling",
    "instance": "cityscapesscripts.evaluation.evalInstanceLevelSemanticLabeling",
}
SHIM = "shim: "  # begins a line that says what was given back


def main() -> None:
    """Run a script as its own command would, in the current directory."""
    kind, *arguments = sys.argv[1:]
    sys.path.pop(0)  # the folder of this file
    _give_back_in1d()
    _write_numpy_numbers_as_json()
    script = importlib.import_module(MODULES[kind])
    sys.argv = [MODULES[kind], *arguments]
    if kind == "instance":
        # its cache of the ground truth would lie in the installed package, and outlive the truth
        script.args.gtInstancesFile = os.path.abspath("gtInstances.json")  # noqa: PTH100
    script.main()


def _give_back_in1d() -> None:
    if not hasattr(numpy, "in1d"):  # gone since NumPy 2.4
        numpy.in1d = _in1d  # type: ignore[attr-defined]  # noqa: NPY201
        print(f"{SHIM}numpy.in1d, gone in NumPy {numpy.__version__}")


def _in1d(values: Any, *rest: Any, **options: Any) -> Any:  # noqa: ANN401
    return numpy.isin(numpy.ravel(values), *rest, **options)


def _write_numpy_numbers_as_json() -> None:
    if not isinstance(numpy.count_nonzero(numpy.ones(1)), numpy.generic):  # since NumPy 2.3
        return
    dumps = json.dumps

    def patched(value: Any, default: Any = None, **options: Any) -> str:  # noqa: ANN401
        def plain(one: Any) -> Any:  # noqa: ANN401
            return one.item() if isinstance(one, numpy.generic) else default(one)

        return dumps(value, default=plain if default else None, **options)

    json.dumps = patched  # type: ignore[assignment]
    print(f"{SHIM}writing the numbers of NumPy {numpy.__version__} as JSON")


if __name__ == "__main__":
    main()

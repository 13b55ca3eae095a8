"""Lesson 12, exercise 12.2, the contract of a call: what must hold, typical mistakes, hints."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from axialkit.course.contract import json_problem, predict, violations
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.structures import VOID, PanopticResult

Answer = dict[str, Any]


def _picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def _result(labels: np.ndarray, probability: np.ndarray) -> PanopticResult:
    """Wrap labels in a result; what the exercise does not need is as it may be."""
    nothing = np.zeros(labels.shape, np.int64)
    semantic = (labels // 1000).astype(np.uint8)
    return PanopticResult(
        labels, semantic, nothing, np.zeros((0, 2), np.int64), np.zeros(0),
        np.full(labels.shape, 0.25, np.float32), probability,
    )  # fmt: skip


def stand_in(image: np.ndarray) -> PanopticResult:
    """Answer at once, in place of a network: road, a building, two cars, a person, a void frame."""
    height, width = image.shape[:2]
    labels = np.zeros((height, width), np.int32)
    labels[: height // 2] = 2000
    labels[height // 2 : height // 2 + 2, 1:4] = 13001
    labels[height // 2 : height // 2 + 2, 5:7] = 13002
    labels[-1, width - 3 :] = 11001
    labels[0] = VOID
    probability = np.where(labels >= 11000, 0.5, 0.75)  # doubles: any way to a mean will do
    probability[-1, 0] = 1.0
    probability[labels == VOID] = 0
    return _result(labels, probability)


def sees_nothing(image: np.ndarray) -> PanopticResult:
    """Answer with void everywhere."""
    shape = image.shape[:2]
    return _result(np.full(shape, VOID, np.int32), np.zeros(shape, np.float32))


def sees_equals(image: np.ndarray) -> PanopticResult:
    """Answer with upright bands of 13 segments, all but the last two pixels wide."""
    kinds = (13002, 0, 18001, 11003, 2000, 13001, 11001, 8000, 11002, 10000, 1000, 13003)
    bands = np.array([*kinds, 12001], np.int32)
    row = bands[np.minimum(np.arange(image.shape[1]) // 2, len(bands) - 1)]
    labels = np.repeat(row[None], image.shape[0], axis=0)
    return _result(labels, np.full(labels.shape, 0.5))


def _plain(call: Function, image: np.ndarray, network: Function = stand_in) -> Answer:
    answer = call(image, network)
    assert isinstance(answer, dict), f"return a dict, not a {type(answer).__name__}"
    problem = json_problem(answer)
    assert not problem, f"{problem}. NumPy's numbers are not Python's: int(...), float(...)"
    return json.loads(json.dumps(answer))


def _keeps_the_schema(call: Function) -> None:
    for image, network in ((_picture(8, 16), stand_in), (_picture(9, 8), sees_nothing)):
        broken = violations(_plain(call, image, network))
        assert not broken, "; ".join(broken[:3])


def _tells_the_size(call: Function) -> None:
    got = _plain(call, _picture(8, 16))["size"]
    assert got == [8, 16], f"8 rows and 16 columns are the size [8, 16], (height, width); got {got}"


def _lists_the_segments(call: Function) -> None:
    found = {part["id"]: part for part in _plain(call, _picture(8, 16))["segments"]}
    assert VOID not in found, f"void ({VOID}) is where nothing was found: it is no segment"
    assert sorted(found) == [0, 2000, 11001, 13001, 13002], (
        f"the segments are 0, 2000, 11001, 13001 and 13002, got {sorted(found)}"
    )
    names = (found[2000]["name"], found[13002]["name"])
    assert names == ("building", "car 2"), f"names are those of segment_name, got {names}"


def _measures_the_segments(call: Function) -> None:
    found = {part["id"]: part for part in _plain(call, _picture(8, 16))["segments"]}
    box = found[13001]["box"]
    assert box == [4, 1, 6, 4], (
        f"car 1 fills rows 4 and 5, columns 1 to 3: its box is [4, 1, 6, 4] (top, left, bottom, "
        f"right; the last two are one beyond), got {box}"
    )
    area = found[13001]["area"]
    assert abs(area - 6 / 128) < 1e-6, f"6 of 128 pixels are an area of {6 / 128:.4g}, got {area}"
    score = found[13001]["score"]
    assert abs(score - 0.5) < 1e-5, (
        f"segment_probability is 0.5 at all pixels of car 1: so is its score; got {score}"
    )
    road = 0.75 + 0.25 / 51
    assert abs(found[0]["score"] - road) < 1e-4, (
        f"a score is the mean of segment_probability over the segment; of the road that is "
        f"{road:.5g}, got {found[0]['score']}"
    )


def _largest_first(call: Function) -> None:
    parts = _plain(call, _picture(3, 28), sees_equals)["segments"]
    assert len(parts) == 13, (
        f"a picture of 13 segments has 13 of them in its answer, not {len(parts)}"
    )
    for size, network in (((8, 16), stand_in), ((11, 9), stand_in), ((3, 28), sees_equals)):
        parts = _plain(call, _picture(*size), network)["segments"]
        order = [(-part["area"], part["id"]) for part in parts]
        assert order == sorted(order), (
            "the largest segment comes first, the smaller id of equals; got the areas "
            f"{[round(part['area'], 3) for part in parts]} with the ids "
            f"{[part['id'] for part in parts]}"
        )


def _is_about_this_picture(call: Function) -> None:
    seen: list[np.ndarray] = []

    def watching(image: np.ndarray) -> PanopticResult:
        seen.append(image)
        return stand_in(image)

    image = _picture(9, 12, seed=3)
    _plain(call, image, watching)
    assert len(seen) == 1, f"ask the network once per call; yours asked {len(seen)} times"
    assert np.array_equal(seen[0], image), "hand the picture to the network as it came"


def _refuses(call: Function) -> None:
    bad = {
        "a float image": _picture(8, 16) / 255,
        "a grey image [8, 16]": _picture(8, 16)[..., 0],
        "4 channels": np.zeros((8, 16, 4), np.uint8),
        "an empty image": np.zeros((0, 16, 3), np.uint8),
        "channels first [3, 8, 16]": np.zeros((3, 8, 16), np.uint8),
    }
    for name, image in bad.items():
        try:
            call(image, stand_in)
        except ValueError as error:
            assert str(error).strip(), f"{name}: say in the ValueError what is wrong"
            continue
        except Exception as error:  # noqa: BLE001  (whatever the learner's code raises)
            raise AssertionError(
                f"{name} must raise a ValueError, yours raises {type(error).__name__}: {error}"
            ) from error
        raise AssertionError(f"{name} must raise a ValueError; yours answers as if all were well")


def _void_listed(answer: Answer, result: PanopticResult) -> None:
    ys, xs = np.nonzero(result.panoptic == VOID)
    if len(ys):
        box = [int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1]
        area = len(ys) / result.panoptic.size
        void = {"id": VOID, "name": "unlabelled", "score": 0.0, "area": area, "box": box}
        answer["segments"].append(void)
        answer["segments"].sort(key=lambda part: (-part["area"], part["id"]))


def _last_pixel(answer: Answer, result: PanopticResult) -> None:
    for part in answer["segments"]:
        top, left, bottom, right = part["box"]
        part["box"] = [top, left, bottom - 1, right - 1]


def _x_first(answer: Answer, result: PanopticResult) -> None:
    for part in answer["segments"]:
        top, left, bottom, right = part["box"]
        part["box"] = [left, top, right, bottom]


def _in_pixels(answer: Answer, result: PanopticResult) -> None:
    for part in answer["segments"]:
        part["area"] = round(part["area"] * result.panoptic.size)


def _other_probability(answer: Answer, result: PanopticResult) -> None:
    for part in answer["segments"]:
        part["score"] = float(result.confidence[result.panoptic == part["id"]].mean())


def _by_id(answer: Answer, result: PanopticResult) -> None:
    answer["segments"].sort(key=lambda part: part["id"])


def _width_first(answer: Answer, result: PanopticResult) -> None:
    answer["size"].reverse()


def _mutant(name: str, spoil: Callable[[Answer, PanopticResult], None], says: str) -> Mutant:
    def function(image: np.ndarray, network: Function) -> Answer:
        answer = predict(image, network)
        spoil(answer, network(image))
        return answer

    return Mutant(name, function, says)


PREDICT = Exercise(
    key="12.2",
    name="predict",
    goal="B",
    solution=predict,
    properties=(
        Property("JSON can hold the answer, and it keeps the schema", _keeps_the_schema),
        Property("the size is (height, width)", _tells_the_size),
        Property("every segment is there by name, void is not", _lists_the_segments),
        Property("box, area and score are right", _measures_the_segments),
        Property("the largest segment comes first", _largest_first),
        Property("it asks the network once, about this picture", _is_about_this_picture),
        Property("what is no picture gets a ValueError", _refuses),
    ),
    probes=(
        (_picture(8, 16), stand_in),
        (_picture(12, 10, 1), stand_in),
        (_picture(7, 9, 2), sees_nothing),
    ),
    mutants=(
        _mutant("void listed", _void_listed, "void is listed among the segments. Leave it out."),
        _mutant(
            "last pixel, not beyond",
            _last_pixel,
            "bottom and right are the last row and column. The schema's box ends one beyond them, "
            "as slices do: picture[top:bottom, left:right].",
        ),
        _mutant(
            "x before y",
            _x_first,
            "the boxes are (left, top, right, bottom). Points of the kit are (y, x): top comes "
            "first.",
        ),
        _mutant(
            "pixels, not a share",
            _in_pixels,
            "areas are counted in pixels. A share of the picture, 0 to 1, means the same at any "
            "size.",
        ),
        _mutant(
            "ordered by id",
            _by_id,
            "the segments are in the order of their ids. Sort by area, largest first.",
        ),
        _mutant(
            "width before height",
            _width_first,
            "the size is (width, height), as in image programs. Ours is (height, width).",
        ),
        _mutant(
            "the other probability",
            _other_probability,
            "the scores are means of `confidence`, the probability of the class that won at each "
            "pixel before segments were made. Take `segment_probability`.",
        ),
    ),
    hints=(
        'A dict {"size": [h, w], "segments": [...]}; every segment is a dict with id, name, score, '
        "area, box. Only Python's own numbers, lists and text.",
        "np.unique(result.panoptic) are the ids. For each: where is it (np.nonzero), how many "
        "pixels, from which to which row and column, the mean of segment_probability there.",
        "ys, xs = np.nonzero(result.panoptic == label); box = [int(ys.min()), int(xs.min()), "
        "int(ys.max()) + 1, int(xs.max()) + 1]; at the end "
        'segments.sort(key=lambda part: (-part["area"], part["id"])).',
    ),
)

"""Lesson 12, exercise 12.2, the contract of a call: what must hold, typical mistakes, hints."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from axialkit.course.contract import json_problem, predict, violations
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.stand_ins import picture, sees_equals, sees_nothing, stand_in
from axialkit.structures import VOID, PanopticResult

Answer = dict[str, Any]


def _plain(call: Function, image: np.ndarray, network: Function = stand_in) -> Answer:
    answer = call(image, network)
    assert isinstance(answer, dict), f"return a dict, not a {type(answer).__name__}"
    problem = json_problem(answer)
    assert not problem, f"{problem}. NumPy's numbers are not Python's: int(...), float(...)"
    return json.loads(json.dumps(answer))


def _keeps_the_schema(call: Function) -> None:
    for image, network in ((picture(8, 16), stand_in), (picture(9, 8), sees_nothing)):
        broken = violations(_plain(call, image, network))
        assert not broken, "; ".join(broken[:3])


def _tells_the_size(call: Function) -> None:
    got = _plain(call, picture(8, 16))["size"]
    assert got == [8, 16], f"8 rows and 16 columns are the size [8, 16], (height, width); got {got}"


def _lists_the_segments(call: Function) -> None:
    found = {part["id"]: part for part in _plain(call, picture(8, 16))["segments"]}
    assert VOID not in found, f"void ({VOID}) is where nothing was found: it is no segment"
    assert sorted(found) == [0, 2000, 11001, 13001, 13002], (
        f"the segments are 0, 2000, 11001, 13001 and 13002, got {sorted(found)}"
    )
    for label, name in ((0, "road"), (2000, "building"), (13002, "car 2")):
        got = found[label]["name"]
        assert got == name, f"segment_name({label}) is {name!r}, you say {got!r}"
    few = len(_plain(call, picture(80, 60))["segments"])
    assert few == 5, f"small segments count, too: 5 are in a picture [80, 60, 3], you list {few}"


def _measures_the_segments(call: Function) -> None:
    found = {part["id"]: part for part in _plain(call, picture(8, 16))["segments"]}
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
    for size in ((8, 16), (11, 9)):
        _every_part(_plain(call, picture(*size)), predict(picture(*size), stand_in))


def _every_part(answer: Answer, expected: Answer) -> None:
    found = {part["id"]: part for part in answer["segments"]}
    for part in expected["segments"]:
        for word in ("box", "area", "score"):
            got = found[part["id"]][word]
            assert np.allclose(got, part[word], rtol=1e-5, atol=1e-6), (
                f"a picture of {expected['size']}: the {word} of {part['name']} is "
                f"{_short(part[word])}, got {_short(got)}"
            )


def _short(value: Any) -> str:  # noqa: ANN401  (a box or a number)
    return str(value) if isinstance(value, list) else f"{value:.6g}"


def _largest_first(call: Function) -> None:
    parts = _plain(call, picture(3, 28), sees_equals)["segments"]
    assert len(parts) == 13, (
        f"a picture of 13 segments has 13 of them in its answer, not {len(parts)}"
    )
    for size, network in (((8, 16), stand_in), ((11, 9), stand_in), ((3, 28), sees_equals)):
        parts = _plain(call, picture(*size), network)["segments"]
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

    image = picture(9, 12, seed=3)
    _plain(call, image, watching)
    assert len(seen) == 1, f"ask the network once per call; yours asked {len(seen)} times"
    assert np.array_equal(seen[0], image), "hand the picture to the network as it came"


def _refuses(call: Function) -> None:
    bad = {
        "a float image": picture(8, 16) / 255,
        "a grey image [8, 16]": picture(8, 16)[..., 0],
        "4 channels": np.zeros((8, 16, 4), np.uint8),
        "an empty image": np.zeros((0, 16, 3), np.uint8),
        "channels first [3, 8, 16]": np.zeros((3, 8, 16), np.uint8),
        "a list": picture(2, 2).tolist(),
        "None": None,
    }
    said = set()
    for name, image in bad.items():
        try:
            call(image, stand_in)
        except ValueError as error:
            said.add(str(error).strip())
            assert "" not in said, f"{name}: say in the ValueError what is wrong"
            continue
        except Exception as error:  # noqa: BLE001  (whatever the learner's code raises)
            raise AssertionError(
                f"{name} must raise a ValueError, yours raises {type(error).__name__}: {error}"
            ) from error
        raise AssertionError(f"{name} must raise a ValueError; yours answers as if all were well")
    assert len(said) > 1, (
        f"whatever the image is, your ValueError says {min(said)[:80]!r}. Say what was given: its "
        "type and its shape, so that the caller need not guess"
    )


def _rounded(value: Any) -> Any:  # noqa: ANN401  (whatever learners return)
    """Round the fractions of an answer: the mean of some float32 is one in the 8th digit or so."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return round(float(value), 5) if isinstance(value, float | np.floating) else value


def _rounding(call: Function) -> Function:
    return lambda image, network: _rounded(call(image, network))


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


def _area_of_the_box(answer: Answer, result: PanopticResult) -> None:
    for part in answer["segments"]:
        top, left, bottom, right = part["box"]
        part["area"] = (bottom - top) * (right - left) / result.panoptic.size
    answer["segments"].sort(key=lambda part: (-part["area"], part["id"]))


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
        (picture(8, 16), stand_in),
        (picture(12, 10, 1), stand_in),
        (picture(7, 9, 2), sees_nothing),
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
            "area of the box",
            _area_of_the_box,
            "the area is that of the box. Count the segment's own pixels: another may lie before "
            "it.",
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
    observe=_rounding,
)

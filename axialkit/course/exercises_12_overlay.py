"""Lesson 12, exercise 12.4, an overlay for all eyes: what must hold, typical mistakes, hints."""

import numpy as np

from axialkit.course.eyes import ENOUGH, border_contrast, contrast, overlay
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.structures import LABEL_DIVISOR, VOID
from axialkit.visualize.colors import boundaries
from axialkit.visualize.palettes import CITYSCAPES, COLORBLIND

Array = np.ndarray


def _picture(height: int, width: int, seed: int) -> Array:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def _labels(height: int, width: int, seed: int) -> Array:
    """Draw a map of blocks: stuff, two cars side by side, void."""
    kinds = np.array([0, 2000, 10000, 13001, 13002, 11001, 8000, VOID], np.int32)
    blocks = np.random.default_rng(seed).choice(kinds, (-(-height // 3), -(-width // 4)))
    return np.repeat(np.repeat(blocks, 3, axis=0), 4, axis=1)[:height, :width]


def _two_cars() -> Array:
    return np.repeat([[13001, 13002]], 4, axis=0).repeat(3, axis=1).astype(np.int32)


_PROBES = (
    (_picture(9, 12, 10), _labels(9, 12, 10), COLORBLIND.colors),
    (_picture(12, 8, 11), _labels(12, 8, 11), CITYSCAPES.colors),
    (_picture(4, 6, 12), _two_cars(), COLORBLIND.colors),
    (np.full((4, 6, 3), 255, np.uint8), _two_cars() - 6000, CITYSCAPES.colors),  # bright signs
)


def _fills(image: Array, panoptic: Array, colors: Array) -> Array:
    return (0.4 * image + 0.6 * colors[panoptic // LABEL_DIVISOR]).round()


def _shape(paint: Function) -> None:
    for height, width in ((1, 1), (6, 9), (9, 5)):
        image = _picture(height, width, 0)
        got = paint(image, _labels(height, width, 1), COLORBLIND.colors)
        assert isinstance(got, Array) and got.shape == image.shape and got.dtype == np.uint8, (
            f"a picture {list(image.shape)} of uint8 is wanted, got "
            f"{getattr(got, 'dtype', '')} {list(getattr(got, 'shape', []))}"
        )


def _blends(paint: Function) -> None:
    image, panoptic = _picture(5, 7, 2), np.full((5, 7), 8000, np.int32)
    for palette in (COLORBLIND, CITYSCAPES):
        got = paint(image, panoptic, palette.colors).astype(int)
        expected = _fills(image, panoptic, palette.colors)
        worst = np.abs(got - expected).max()
        assert worst == 0, (
            "inside a segment: 0.4 times the image plus 0.6 times the color of the class, rounded; "
            f"pixel (0, 0) of the image is {image[0, 0].tolist()}, its class color "
            f"{palette.colors[8].tolist()}, expected {expected[0, 0].astype(int).tolist()}, got "
            f"{got[0, 0].tolist()}"
        )


def _borders(paint: Function) -> None:
    corner = np.zeros((9, 12), np.int32)  # pixel (4, 6) meets the car only across the corner
    corner[5:, 7:] = 13001
    for seed, panoptic in enumerate((corner, *(_labels(9, 12, seed) for seed in range(1, 4)))):
        image = _picture(9, 12, seed)
        got = paint(image, panoptic, COLORBLIND.colors).astype(int)
        inside = ~boundaries(panoptic)
        changed = np.abs(got - _fills(image, panoptic, COLORBLIND.colors)).sum(axis=2) > 0
        assert not (changed & inside).any(), (
            "a pixel whose right and lower neighbor are of its own segment keeps its blend (beyond "
            f"the last row and column is none); {_count(changed & inside)} in {[*got.shape[:2]]}"
        )
        line = np.isin(got.sum(axis=2), (0, 765))
        assert line[~inside].all(), (
            "a pixel whose right or lower neighbor is of another segment is black or white; of "
            f"{int((~inside).sum())} of them, {_count(~line & ~inside, 'neither')}"
        )


def _tells_cars_apart(paint: Function) -> None:
    image, panoptic = _picture(4, 6, 5), _two_cars()
    got = paint(image, panoptic, COLORBLIND.colors)
    assert np.isin(got[:, 2].astype(int).sum(axis=1), (0, 765)).all(), (
        "car 1 and car 2 have one color, so they need a line between them (columns 2 and 3)"
    )


def _is_seen(paint: Function) -> None:
    for grey in (0, 60, 128, 255):
        image, panoptic = np.full((12, 16, 3), grey, np.uint8), _labels(12, 16, 7)
        for palette in (COLORBLIND, CITYSCAPES):
            got = paint(image, panoptic, palette.colors)
            weakest = border_contrast(got, panoptic, _fills(image, panoptic, palette.colors))
            assert weakest >= ENOUGH, (
                f"on an image of grey {grey} a border pixel has a contrast of only {weakest:.2f} "
                f"to the blend it covers; black or white always gives {ENOUGH} or more"
            )


def _better_ink(paint: Function) -> None:
    for image, panoptic, colors in _PROBES:
        got, fills = paint(image, panoptic, colors), _fills(image, panoptic, colors)
        black, white = (contrast(fills, np.full(3, ink)) for ink in (0.0, 255.0))
        expected = np.where(white > black, 255, 0)
        wrong = boundaries(panoptic) & (got[..., 0] != expected) & (np.abs(white - black) > 1e-6)
        for y, x in np.argwhere(wrong)[:1]:
            raise AssertionError(
                f"pixel ({y}, {x}): the blend {fills[y, x].astype(int).tolist()} has a contrast of "
                f"{black[y, x]:.3f} to black and {white[y, x]:.3f} to white, so the border is "
                f"{'white' if expected[y, x] else 'black'} there; got {got[y, x].tolist()}"
            )


def _count(wrong: Array, what: str = "not so") -> str:
    """Say how many pixels are wrong, and which is the first."""
    first = np.argwhere(wrong)[0].tolist() if wrong.any() else []
    return f"{int(wrong.sum())} are {what} with you, such as (row, column) {tuple(first)}"


def _spoilt(image: Array, panoptic: Array, colors: Array, kind: str) -> Array:
    """Paint with one mistake."""
    share = 0.6 if kind == "swapped" else 0.4
    blend = share * image + (1 - share) * colors[panoptic // LABEL_DIVISOR]
    blend = np.floor(blend + 1e-9) if kind == "cut" else blend.round()
    labels = panoptic // LABEL_DIVISOR if kind == "classes" else panoptic
    at = boundaries(labels)
    if kind == "right only":
        at = np.zeros(labels.shape, bool)
        at[:, :-1] = labels[:, :-1] != labels[:, 1:]
    if kind == "both sides":
        at[1:] |= labels[1:] != labels[:-1]
        at[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    black, white = contrast(blend, np.zeros(3)), contrast(blend, np.full(3, 255.0))
    prefers_white = black > white if kind == "weaker" else white > black
    if kind == "white":
        prefers_white[:] = True
    if kind == "mean":
        prefers_white = blend.mean(axis=2) < 128
    blend[at] = np.where(prefers_white, 255, 0)[at][:, None]
    return blend.astype(np.uint8)


def _mutant(name: str, kind: str, says: str) -> Mutant:
    def function(image: Array, panoptic: Array, colors: Array) -> Array:
        return _spoilt(image, panoptic, colors, kind)

    return Mutant(name, function, says)


OVERLAY = Exercise(
    key="12.4",
    name="overlay",
    goal="D",
    solution=overlay,
    properties=(
        Property("a picture of uint8, as large as the image", _shape),
        Property("inside a segment: 40 % image, 60 % class color, rounded", _blends),
        Property("borders, and only borders, are black or white", _borders),
        Property("two cars side by side are told apart", _tells_cars_apart),
        Property("every border pixel can be seen (contrast 4.5)", _is_seen),
        Property("of black and white it is the one with the larger contrast", _better_ink),
    ),
    probes=_PROBES,
    mutants=(
        _mutant(
            "always white",
            "white",
            "all borders are white. On the sky or on yellow signs nobody sees that: take black "
            "where black has the larger contrast.",
        ),
        _mutant(
            "the weaker contrast",
            "weaker",
            "black and white have changed places: the ink with the *larger* contrast is wanted.",
        ),
        _mutant(
            "the mean of red, green, blue",
            "mean",
            "white goes where the mean of the three channels is below 128. Eyes see green much "
            "brighter than blue, and sRGB is not linear: compare contrast(...) of both inks.",
        ),
        _mutant(
            "borders of classes",
            "classes",
            "there is a border only where the class changes. Two cars side by side flow into one: "
            "compare the whole labels.",
        ),
        _mutant(
            "right neighbors only",
            "right only",
            "only upright borders are drawn. The lower neighbor counts too.",
        ),
        _mutant(
            "both sides",
            "both sides",
            "borders are drawn on both sides, two pixels wide. Only the pixel whose right or lower "
            "neighbor differs is one.",
        ),
        _mutant(
            "image and color swapped",
            "swapped",
            "60 % image and 40 % color: the shares have changed places.",
        ),
        _mutant(
            "cut, not rounded",
            "cut",
            "astype(np.uint8) cuts fractions off. Round before.",
        ),
    ),
    hints=(
        "Work on a float array [h, w, 3], a mask [h, w] of borders, and a mask [h, w] of where "
        "white is the better ink. At the end: astype(np.uint8).",
        "colors[panoptic // 1000] is a picture of class colors. Pixels differ from the one below "
        "where panoptic[:-1] != panoptic[1:], and likewise to the right. contrast(blend, ink) "
        "gives a number per pixel.",
        "blend = (0.4 * image + 0.6 * colors[panoptic // 1000]).round(); white = contrast(blend, "
        "np.full(3, 255.0)) > contrast(blend, np.zeros(3)); blend[border & white] = 255; "
        "blend[border & ~white] = 0.",
    ),
)

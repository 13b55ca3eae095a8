import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from axialkit.data import from_masks
from axialkit.data.cityscapes import list_samples, read_instance_ids, read_label_ids, train_ids
from axialkit.data.dataset import read_pair
from axialkit.data.from_masks import convert_masks
from axialkit.data.mask_instances import components, numbered_ids
from axialkit.data.mask_pairs import MaskFolders
from axialkit.data.mask_plan import Splitting
from axialkit.data.rasterize import label_colors
from axialkit.errors import InputError

ROAD, PERSON, CAR = 7, 24, 26
NUMBERS = {"0": "unlabeled", "1": "road", "2": "car", "3": "person"}
COLORS = {"#000000": "unlabeled", "#804080": "road", "#00008E": "car", "#dc143c": "person"}
RGB = np.array([(0, 0, 0), (128, 64, 128), (0, 0, 142), (220, 20, 60)], np.uint8)
# two cars that touch by a corner are one; a third one; a person between them
MASK = np.array(
    [
        [0, 2, 0, 0, 2, 2],
        [1, 0, 2, 0, 3, 2],
        [1, 1, 1, 1, 1, 1],
        [2, 1, 3, 1, 1, 1],
    ],
    np.uint8,
)
LABELS = np.array([0, ROAD, CAR, PERSON], np.uint8)[MASK]
IDS = np.array(
    [
        [0, 26000, 0, 0, 26001, 26001],
        [7, 0, 26000, 0, 24000, 26001],
        [7, 7, 7, 7, 7, 7],
        [26002, 7, 24001, 7, 7, 7],
    ]
)


def photo(seed=0, size=MASK.shape):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def save(path: Path, values, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = values if isinstance(values, Image.Image) else Image.fromarray(values)
    image.save(path, **options)
    return path


class Own:
    """A folder with images, masks and a table, and the conversion of it."""

    def __init__(self, folder: Path) -> None:
        self.images, self.masks = folder / "images", folder / "masks"
        self.classes, self.root = folder / "classes.json", folder / "root"
        self.table(NUMBERS)

    def table(self, content):
        self.classes.write_text(content if isinstance(content, str) else json.dumps(content))

    def add(self, stem, mask=MASK, image=None):
        save(self.images / f"{stem}.png", photo() if image is None else image)
        save(self.masks / f"{stem}.png", mask)

    def convert(self, instances="components", suffix="", **splitting):
        return convert_masks(
            MaskFolders(self.images, self.masks, instances, suffix),
            self.classes,
            self.root,
            Splitting(**{"val": 0.0, **splitting}),
            workers=1,
            progress=False,
        )

    def written(self):
        return {p: p.stat().st_mtime_ns for p in sorted(self.root.rglob("*.png"))}

    def ids(self, split="train"):
        return [read_instance_ids(s.instance_ids) for s in list_samples(self.root, split)]

    def refuses(self, words, **settings):
        before = self.written()
        with pytest.raises(InputError) as caught:
            self.convert(**settings)
        assert words in str(caught.value)
        assert self.written() == before
        return str(caught.value)


@pytest.fixture
def own(tmp_path):
    return Own(tmp_path)


# --- instances -----------------------------------------------------------------------------------


def flood(labels, things=(PERSON, CAR)):
    """Number the regions one after the other, pixel by pixel."""
    height, width = labels.shape
    parts = np.zeros(labels.shape, np.int32)
    count = 0
    for start in np.ndindex(*labels.shape):
        if parts[start] or labels[start] not in things:
            continue
        count += 1
        waiting = [start]
        parts[start] = count
        while waiting:
            y, x = waiting.pop()
            for near in [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]:
                inside = 0 <= near[0] < height and 0 <= near[1] < width
                if inside and not parts[near] and labels[near] == labels[start]:
                    parts[near] = count
                    waiting.append(near)
    return parts


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 2), (17, 23), (40, 40)])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_components_equal_a_flood_fill(size, share):
    rng = np.random.default_rng(0)
    for _ in range(5):
        cars = rng.random(size) < share
        labels = np.where(cars, rng.choice([CAR, CAR, CAR, PERSON], size), ROAD).astype(np.uint8)
        np.testing.assert_array_equal(components(labels), flood(labels))


def test_components_of_winding_shapes():
    spiral = np.full((31, 31), ROAD, np.uint8)
    y, x, dy, dx = 0, 0, 0, 1
    for length in [30, 30, 30, 28, 28, 26, 26, 24, 24, 22, 22, 20, 20]:
        for _ in range(length):
            spiral[y, x] = CAR
            y, x = y + dy, x + dx
        dy, dx = dx, -dy
    comb = np.full((20, 41), ROAD, np.uint8)
    comb[:, ::2] = CAR
    comb[-1] = CAR
    for labels in (spiral, spiral[::-1], spiral.T, comb, comb[::-1]):
        parts = components(np.ascontiguousarray(labels))
        np.testing.assert_array_equal(parts, flood(labels))
        assert parts.max() == 1


def naive_ids(labels, parts):
    numbers: dict[tuple[int, int], int] = {}
    ids = labels.astype(np.int32)
    for at in np.ndindex(*labels.shape):
        klass, part = int(labels[at]), int(parts[at])
        if klass in (PERSON, CAR) and part:
            known = [key for key in numbers if key[0] == klass]
            ids[at] = klass * 1000 + numbers.setdefault((klass, part), len(known))
    return ids


def test_numbers_count_per_class_in_raster_order():
    rng = np.random.default_rng(1)
    for _ in range(10):
        labels = rng.choice(np.array([ROAD, PERSON, CAR], np.uint8), (9, 14))
        parts = rng.choice(np.array([0, 5, 2, 2**24 - 1, 300], np.int32), (9, 14))
        expected = naive_ids(labels, parts)
        np.testing.assert_array_equal(numbered_ids(labels, parts, Path("m.png")), expected)


def test_a_thousand_instances_fit_and_no_more():
    labels = np.full((2, 1001), CAR, np.uint8)
    parts = np.tile(np.arange(1001, dtype=np.int32), (2, 1))  # 0 is a crowd: 1000 instances
    ids = numbered_ids(labels, parts, Path("m.png"))
    assert ids[0, :3].tolist() == [26, 26000, 26001] and ids.max() == 26999
    with pytest.raises(InputError, match=r"m\.png has 1001 instances of car.*1000"):
        numbered_ids(labels, parts + 1, Path("m.png"))


# --- what is written -----------------------------------------------------------------------------


def test_every_file_holds_what_it_shall(own):
    own.add("a", image=photo(5))
    assert own.convert() == ({"train": 1}, 1, (), ())
    (sample,) = list_samples(own.root, "train")
    assert sample.name == "own_000000_000000"
    image, label = read_pair(sample)
    np.testing.assert_array_equal(image, photo(5))
    np.testing.assert_array_equal(read_instance_ids(sample.instance_ids), IDS)
    np.testing.assert_array_equal(read_label_ids(sample.label_ids), LABELS)
    assert (label[0].tolist(), label[1, 4]) == (
        [255000, 13001, 255000, 255000, 13002, 13002],
        11001,
    )
    stem = str(sample.instance_ids).removesuffix("instanceIds.png")
    train = Image.open(f"{stem}labelTrainIds.png")
    assert (Image.open(sample.instance_ids).mode[:1], train.mode) == ("I", "L")
    np.testing.assert_array_equal(np.array(train), train_ids(LABELS))
    np.testing.assert_array_equal(np.array(Image.open(f"{stem}color.png")), label_colors(LABELS))
    assert Image.open(sample.image).mode == "RGB"


def indexed(mask):
    image = Image.fromarray(mask).convert("P")
    image.putpalette(RGB[::-1].tobytes())  # other colors than the table's: only the index counts
    return image


def four_bits(mask):
    """A grey PNG of 4 bits per pixel, which Pillow cannot write (and stretches on reading)."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    height, width = mask.shape
    rows = b"".join(b"\0" + (row[::2] * 16 + row[1::2]).tobytes() for row in mask)
    header = struct.pack(">IIBBBBB", width, height, 4, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("a.png", Image.fromarray(MASK)),
        ("a.bmp", Image.fromarray(MASK)),
        ("a.TIF", Image.fromarray(MASK)),
        ("a.gif", indexed(MASK)),
        ("a.png", indexed(MASK)),
        ("a.png", Image.fromarray(MASK.astype(np.uint16))),
        ("a.tiff", Image.fromarray(MASK.astype(np.int32))),
        ("a.png", Image.merge("LA", [Image.fromarray(MASK), Image.fromarray(MASK * 60)])),
    ],
)
def test_masks_of_numbers(own, name, image):
    save(own.images / "a.png", photo())
    save(own.masks / name, image)
    own.convert()
    np.testing.assert_array_equal(own.ids()[0], IDS)


def test_numbers_of_few_bits_are_the_stored_ones(own):
    own.add("a")
    (own.masks / "a.png").write_bytes(four_bits(MASK))
    own.add("b", mask=MASK == 1)
    own.convert()
    np.testing.assert_array_equal(own.ids()[0], IDS)
    np.testing.assert_array_equal(own.ids()[1], np.where(MASK == 1, ROAD, 0))


def test_numbers_of_16_bits(own):
    own.table({"0": "unlabeled", "1000": "road", "65535": "car", "40000": "person"})
    own.add("a", mask=np.array([0, 1000, 65535, 40000], np.uint16)[MASK])
    own.convert()
    np.testing.assert_array_equal(own.ids()[0], IDS)


def right_palette(mask):
    image = indexed(mask)
    image.putpalette(RGB.tobytes())
    return image


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(RGB[MASK]),
        Image.fromarray(np.dstack([RGB[MASK], MASK * 60])),  # transparency does not count
        right_palette(MASK),
    ],
)
def test_masks_of_colors(own, image):
    own.table(COLORS)
    own.add("a", mask=image)
    own.convert()
    np.testing.assert_array_equal(own.ids()[0], IDS)
    names = json.loads((own.root / "sources.json").read_text())["train"]["classes"]
    assert names["#00008e"] == "car"


def test_black_and_white_masks_have_colors_too(own):
    own.table({"#000000": "road", "#ffffff": "car"})
    own.add("a", mask=(MASK == 2).astype(np.uint8) * 255)
    own.convert()
    assert set(np.unique(own.ids()[0]) // 1000) == {0, 26}


@pytest.mark.parametrize(
    "numbers",
    [
        np.array([0, 300, 7], np.uint16),
        np.array([0, 200, 7], np.uint8),
        np.array([(0, 0, 0), (1, 0, 0), (0, 0, 1)], np.uint8),
    ],
    ids=["16 bit", "8 bit", "RGB"],
)
def test_instances_from_a_folder(own, tmp_path, numbers):
    own.add("a", mask=np.array([[2, 2, 2, 3], [2, 1, 2, 3]], np.uint8), image=photo(size=(2, 4)))
    index = np.array([[2, 1, 0, 1], [2, 1, 1, 0]])
    save(tmp_path / "numbers" / "a.png", numbers[index])
    own.convert(instances=tmp_path / "numbers")
    # the road has no instances, though a number lies on it; apart in space, but one instance
    assert own.ids()[0].tolist() == [[26000, 26001, 26, 24000], [26000, 7, 26001, 24]]


def test_things_without_instances_are_a_crowd(own):
    own.add("a")
    own.convert(instances="crowd")
    np.testing.assert_array_equal(own.ids()[0], LABELS)
    assert set(np.unique(read_pair(list_samples(own.root, "train")[0])[1])) == {0, 255000}


def test_any_image_will_do_and_lies_upright(own, caplog):
    grey = np.full((6, 4), 100, np.uint8)  # lies on its side until its EXIF entry is obeyed
    exif = Image.Exif()
    exif[0x0112] = 6
    save(own.images / "a.jpg", grey, exif=exif.tobytes())
    save(own.masks / "a.png", MASK)
    converted = own.convert()
    image, _ = read_pair(list_samples(own.root, "train")[0])
    assert image.shape == (4, 6, 3) and abs(image.astype(int) - 100).max() < 3
    assert len(converted.notes) == 1 and "a.jpg: converted from grey" in converted.notes[0]
    assert not caplog.records


# --- splits and names ----------------------------------------------------------------------------


def test_a_share_goes_to_val_in_a_city_of_its_own(own):
    for number in range(10):
        own.add(f"part{number % 2}/image{number}", image=photo(number))
    assert own.convert(val=0.3, city="home").counts == {"train": 7, "val": 3}
    record = json.loads((own.root / "sources.json").read_text())
    train, val = (record[split]["images"] for split in ("train", "val"))
    assert list(val) == [f"homeval_{n:06d}_000000" for n in range(3)]
    assert sorted([*train.values(), *val.values()]) == sorted(
        f"part{n % 2}/image{n}.png" for n in range(10)
    )
    assert list(train.values()) == sorted(train.values())
    for split, images in (("train", train), ("val", val)):
        for sample in list_samples(own.root, split):
            number = int(images[sample.name].removesuffix(".png")[-1])
            np.testing.assert_array_equal(read_pair(sample)[0], photo(number))


@pytest.mark.parametrize(
    ("count", "share", "val"), [(1, 0.2, 0), (2, 0.2, 1), (2, 0.99, 1), (5, 0.0, 0), (10, 0.5, 5)]
)
def test_no_split_takes_all(own, count, share, val):
    for number in range(count):
        own.add(str(number))
    assert own.convert(val=share).counts.get("val", 0) == val


def test_a_later_call_adds_a_split(own):
    own.add("a")
    own.convert(split="train")
    before = own.written()
    own.table({**NUMBERS, "9": "truck"})
    own.add("b", mask=np.full((4, 6), 9, np.uint8))
    assert own.convert(split="test").counts == {"test": 2}
    assert before.items() <= own.written().items()
    assert set(json.loads((own.root / "sources.json").read_text())) == {"train", "test"}
    assert list_samples(own.root, "test")[0].name == "owntest_000000_000000"


def test_masks_beside_images_and_output_below_them(own):
    own.masks = own.images
    own.root = own.images / "made"
    save(own.images / "a.png", photo())
    save(own.images / "a_mask.png", MASK)
    save(own.images / ".hidden.png", MASK)
    (own.images / "notes.txt").write_text("no image")
    own.convert(suffix="_mask")
    np.testing.assert_array_equal(own.ids()[0], IDS)
    assert own.convert(suffix="_mask").written == 0


def test_masks_in_a_folder_among_the_images(own):
    own.masks = own.images / "masks"
    own.add("a")
    own.convert()
    np.testing.assert_array_equal(own.ids()[0], IDS)


# --- interruption, and what is there already -----------------------------------------------------


def test_an_interrupted_run_goes_on(own, monkeypatch):
    for number in range(4):
        own.add(str(number), image=photo(number))
    calls = []

    def write_png(path, pixels):
        if len(calls) == 8:  # in the middle of the second sample
            raise KeyboardInterrupt
        calls.append(path)
        real(path, pixels)

    real = from_masks.write_png
    monkeypatch.setattr(from_masks, "write_png", write_png)
    with pytest.raises(KeyboardInterrupt):
        own.convert()
    assert len(list_samples(own.root, "train")) == 1
    (own.root / "gtFine" / ".x.1.tmp.png").write_bytes(b"")
    monkeypatch.undo()
    first = {path: t for path, t in own.written().items() if "own_000000" in path.name}
    assert own.convert().written == 3
    assert first.items() <= own.written().items() and len(first) == 5
    assert len(own.written()) == 20
    done = own.written()
    assert own.convert() == ({"train": 4}, 0, (), ())
    assert own.written() == done


def test_many_images_in_processes(own):
    for number in range(17):
        own.add(f"{number:02d}", image=photo(number))
    folders = MaskFolders(own.images, own.masks)
    convert_masks(folders, own.classes, own.root, workers=2, progress=False)
    assert len(list_samples(own.root, "val")) == 3
    assert len(own.written()) == 85


@pytest.mark.parametrize(
    ("change", "settings", "words"),
    [
        (lambda own: own.add("b"), {}, "other images"),
        (lambda own: None, {"city": "x"}, "other images"),
        (lambda own: own.table({**NUMBERS, "2": "truck"}), {}, "another table of classes"),
        (lambda own: None, {"instances": "crowd"}, "another --instances"),
        (lambda own: save(own.masks / "a.png", MASK[::-1]), {}, "other contents"),
    ],
)
def test_another_data_set_does_not_mix_in(own, change, settings, words):
    own.add("a")
    own.convert()
    change(own)
    own.refuses(words, **settings)


def test_a_root_of_others_is_left_alone(own):
    own.add("a")
    save(own.root / "leftImg8bit" / "val" / "x" / "x.png", photo())
    own.refuses("is of another data set")
    (own.root / "sources.json").write_text('{"val": {}}')
    save(own.root / "gtFine" / "train" / "x.png", photo())
    own.refuses("gtFine/train is of another data set")
    (own.root / "sources.json").write_text('{"what": 1}')
    own.refuses("damaged or of another program")
    own.root = own.classes
    with pytest.raises(InputError, match="is a file, not a folder"):
        own.convert()


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not valid JSON"),
        ([], "must map mask values"),
        ({}, "must map mask values"),
        (
            {"1": "raod"},
            'maps "1" to \'raod\', which is not a Cityscapes class. Did you mean "road"',
        ),
        ({"1": 7}, 'maps "1" to 7'),
        ({"1": "license plate"}, "never paints"),
        ({"x": "road"}, 'the key "x"'),
        ({"-1": "road"}, 'the key "-1"'),
        ({"65536": "road"}, 'the key "65536"'),
        ({"#12345": "road"}, 'the key "#12345"'),
        ({"1": "road", "#000001": "car"}, "mixes numbers and colors"),
        ({"1": "road", "01": "car"}, "the same value"),
        ({"#aaaaaa": "road", "#AAAAAA": "car"}, "the same value"),
    ],
)
def test_bad_tables(own, content, words):
    own.add("a")
    own.table(content)
    own.refuses(words)
    assert not own.root.exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"val": 1.0}, "below 1, got 1"),
        ({"val": -0.1}, "got -0.1"),
        ({"val": float("nan")}, "got nan"),
        ({"split": "vall"}, 'no split "vall". Did you mean "val"?'),
        ({"city": "a_b"}, 'got "a_b"'),
        ({"city": ""}, 'got ""'),
        ({"instances": Path("component")}, 'Did you mean "components"?'),
    ],
)
def test_bad_settings(own, settings, words):
    own.add("a")
    own.refuses(words, **settings)
    assert not own.root.exists()


def test_a_value_that_is_not_in_the_table(own):
    own.add("a")
    strange = MASK.copy()
    strange[2, 3], strange[3, 0] = 9, 8
    own.add("b", mask=strange)
    message = own.refuses("b.png holds the value 9 at (y=2, x=3), which is not in")
    assert "(pixels with further unknown values: 1)" in message
    assert not own.root.exists()  # though a is fine
    own.table(COLORS)
    own.refuses("a.png holds the value #020202 at (y=0, x=1)")


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_lossy_masks_whatever_their_name(own, name):
    save(own.images / "a.png", photo())
    own.masks.mkdir()
    kind = "WEBP" if name.endswith("webp") else "JPEG"
    Image.fromarray(MASK).save(own.masks / name, kind)
    own.refuses(f"is a {kind} file, and that compression can alter labels")


def test_a_lossy_mask_inside_tiff(own):
    save(own.images / "a.png", photo())
    save(own.masks / "a.tiff", RGB[MASK], compression="jpeg")
    own.refuses("lossy compression")


@pytest.mark.parametrize(
    ("table", "mask", "words"),
    [
        (NUMBERS, RGB[MASK], "holds colors, but the table of classes names numbers"),
        (COLORS, MASK.astype(np.uint16), "holds 16-bit numbers, but the table"),
        (NUMBERS, MASK[:2], "is 4x6 (height x width), but its mask"),
        (NUMBERS, MASK.T, "EXIF"),
    ],
)
def test_masks_that_do_not_fit(own, table, mask, words):
    own.table(table)
    own.add("a", mask=np.ascontiguousarray(mask))
    own.refuses(words)
    assert not own.root.exists()


def test_floating_point_masks(own):
    save(own.images / "a.png", photo())
    save(own.masks / "a.tiff", MASK.astype(np.float32))
    own.refuses("has image mode F")


def test_damaged_files(own):
    own.add("a")
    whole = (own.masks / "a.png").read_bytes()
    (own.masks / "a.png").write_bytes(whole[:50])
    own.refuses("Cannot read the mask")
    (own.masks / "a.png").write_bytes(whole)
    (own.images / "a.png").write_bytes(b"no image")
    own.refuses("is not an image")


def test_images_and_masks_belong_together(own, tmp_path):
    own.refuses("There is no folder")
    own.images.mkdir()
    own.masks.mkdir()
    own.refuses("holds no image")
    own.add("a")
    image = save(own.images / "b.png", photo())
    own.refuses("1 of 2 images in")
    save(own.masks / "b_mask.png", MASK)
    assert "the first is" in own.refuses("Do the masks need --mask-suffix=_mask?")
    image.unlink()
    own.refuses("1 of 2 masks in")
    (own.masks / "b_mask.png").unlink()
    own.refuses("no image whose name ends in _x", suffix="_x")
    save(own.images / "a.jpg", photo())
    own.refuses("belong to one name, a")
    (own.images / "a.jpg").unlink()
    save(tmp_path / "numbers" / "b.png", MASK)
    own.refuses("have no mask in", instances=tmp_path / "numbers")
    own.masks = own.images
    own.refuses("lie in one folder")
    assert not own.root.exists()


def test_instances_of_another_size(own, tmp_path):
    own.add("a")
    save(tmp_path / "numbers" / "a.png", MASK[1:])
    own.refuses("numbers/a.png is 3x6", instances=tmp_path / "numbers")

"""The reader of TensorFlow checkpoints, on real, odd and broken files."""

import shutil
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from axialkit.errors import InputError
from axialkit.weights.tf_checkpoint import TfCheckpoint, find_prefix
from tests import tf_writer
from tests.conftest import golden_cases
from tests.tf_writer import VALUE, network_variables, write_checkpoint

GOLDEN_INDEXES = golden_cases("model/tiny_*/*.index")
SHAPES = {
    "encoder/_stem/_conv/kernel": (3, 3, 3, 4),
    "encoder/_stem/_batch_norm/gamma": (4,),
    "encoder/_stage4/_block2/_attention/_width_axis/_query_rpe/embeddings": (509, 2),
    "semantic_last_layer/bias": (19,),
}


def plain(variables: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {key.removesuffix(VALUE): array for key, array in variables.items()}


def assert_equal(checkpoint: TfCheckpoint, expected: dict[str, np.ndarray]) -> None:
    assert list(checkpoint) == sorted(expected)
    for key, array in expected.items():
        assert checkpoint.shape(key) == array.shape
        read = checkpoint[key]
        assert read.dtype == array.dtype and np.array_equal(read, array), key


@pytest.fixture
def written(tmp_path) -> Path:
    return write_checkpoint(tmp_path / "ckpt-60000", network_variables(SHAPES))


# --- TensorFlow as the judge ---------------------------------------------------------------------


@pytest.mark.parametrize("index", GOLDEN_INDEXES, ids=lambda path: path.parent.name)
def test_every_tensor_equals_tensorflows_reading(index):
    tf = pytest.importorskip("tensorflow", reason="needs the extra 'tensorflow'")
    theirs = tf.train.load_checkpoint(str(index.with_suffix("")))
    shapes = theirs.get_variable_to_shape_map()
    expected = {
        key.removesuffix(VALUE): theirs.get_tensor(key)
        for key in shapes
        if key.endswith(VALUE) and ".OPTIMIZER_SLOT" not in key
        if not key.startswith(("optimizer/", "global_step", "save_counter"))
    }
    assert len(expected) > 400
    assert_equal(TfCheckpoint(index), expected)


@pytest.mark.parametrize("shards", [1, 3])
def test_tensorflow_reads_what_the_test_writer_wrote(tmp_path, shards):
    tf = pytest.importorskip("tensorflow", reason="needs the extra 'tensorflow'")
    variables = network_variables(
        {**SHAPES, **{f"encoder/_stage1/_block{i}/_conv/kernel": (1, 1, i, 2) for i in range(99)}}
    )
    variables["global_step" + VALUE] = np.array(7, np.int64)
    prefix = write_checkpoint(tmp_path / "ckpt-7", variables, shards=shards)
    theirs = tf.train.load_checkpoint(str(prefix))
    assert theirs.get_variable_to_shape_map().keys() == variables.keys()
    for key, array in variables.items():
        assert np.array_equal(theirs.get_tensor(key), array)


# --- what files may look like --------------------------------------------------------------------


@pytest.mark.parametrize("index", GOLDEN_INDEXES, ids=lambda path: path.parent.name)
def test_golden_values_lie_where_the_format_says(index):
    checkpoint = TfCheckpoint(index)
    data = next(index.parent.glob("*.data-*")).read_bytes()
    for key in list(checkpoint)[:40]:
        assert checkpoint[key].tobytes() in data
    variances = [key for key in checkpoint if key.endswith("moving_variance")]
    assert len(variances) > 90
    assert all((checkpoint[key] > 0).all() for key in variances)


@pytest.mark.parametrize("shards", [1, 2, 5])
def test_any_number_of_shards(tmp_path, shards):
    variables = network_variables(SHAPES)
    prefix = write_checkpoint(tmp_path / "ckpt-1", variables, shards=shards)
    assert_equal(TfCheckpoint(prefix), plain(variables))


def test_random_shapes_survive(tmp_path):
    draw = np.random.default_rng(0)
    for trial in range(20):
        count = int(draw.integers(1, 200))
        shapes = {
            f"encoder/_stage{i % 5}/_{'x' * int(draw.integers(60))}{i}": tuple(
                draw.integers(0, 5, size=draw.integers(0, 5)).tolist()
            )
            for i in range(count)
        }
        variables = network_variables(shapes, seed=trial)
        prefix = write_checkpoint(tmp_path / f"ckpt-{trial}", variables, shards=1 + trial % 3)
        assert_equal(TfCheckpoint(prefix), plain(variables))


def test_types_that_occur(tmp_path):
    variables = {
        f"x/{name}{VALUE}": np.arange(6).reshape(2, 3).astype(name)
        for name in ("float64", "float16", "int32", "int64", "uint8", "bool")
    }
    assert_equal(TfCheckpoint(write_checkpoint(tmp_path / "c", variables)), plain(variables))


def test_bfloat16_becomes_float32(tmp_path):
    values = np.array([1.0, -2.5, 0.15625], np.float32)  # exact in bfloat16
    stored = (values.view(np.uint32) >> 16).astype("<u2").view(np.float16)
    prefix = write_checkpoint(tmp_path / "c", {"x" + VALUE: stored}, types={"x" + VALUE: 14})
    read = TfCheckpoint(prefix)["x"]
    assert read.dtype == np.float32 and np.array_equal(read, values)


def test_optimizer_and_counters_are_left_out(tmp_path):
    variables = network_variables(SHAPES)
    kernel = "encoder/_stem/_conv/kernel"
    clutter = {
        f"{kernel}/.OPTIMIZER_SLOT/optimizer/m{VALUE}": np.zeros(3, np.float32),
        f"optimizer/iter{VALUE}": np.array(1, np.int64),
        f"optimizer/_variables/3{VALUE}": np.zeros(3, np.float32),
        f"backbone_optimizer/iter{VALUE}": np.array(1, np.int64),
        f"global_step{VALUE}": np.array(60000, np.int64),
        f"save_counter{VALUE}": np.array(60, np.int64),
        "_CHECKPOINTABLE_OBJECT_GRAPH": np.zeros(3, np.uint8),
    }
    prefix = write_checkpoint(tmp_path / "c", variables | clutter)
    assert_equal(TfCheckpoint(prefix), plain(variables))


def test_both_spellings_of_the_tables(tmp_path):
    variables = network_variables(SHAPES)
    other = {k.replace("_rpe/embeddings", "_rpe/_embeddings"): v for k, v in variables.items()}
    assert other.keys() != variables.keys()
    assert_equal(TfCheckpoint(write_checkpoint(tmp_path / "c", other)), plain(variables))


def test_the_prefix_of_imagenet_checkpoints_hides_everything_else(tmp_path):
    variables = network_variables(SHAPES)
    encoder = {k: v for k, v in variables.items() if k.startswith("encoder/")}
    renamed = {"backbone/_" + key: array for key, array in encoder.items()}
    both = renamed | {"semantic_last_layer/bias" + VALUE: np.ones(19, np.float32)}
    both |= {"encoder/_stem/_conv/kernel" + VALUE: np.ones(3, np.float32)}
    assert_equal(TfCheckpoint(write_checkpoint(tmp_path / "c", both)), plain(encoder))


# --- finding one ---------------------------------------------------------------------------------


def test_a_prefix_its_files_and_its_folder_mean_the_same(written):
    index = Path(f"{written}.index")
    data = Path(f"{written}.data-00000-of-00001")
    for path in (written, index, data, written.parent, str(written)):
        assert find_prefix(path) == written


def test_a_folder_prefers_the_checkpoint_that_it_names(tmp_path):
    for step in (1, 20):
        write_checkpoint(tmp_path / "run" / f"ckpt-{step}", network_variables(SHAPES))
    assert find_prefix(tmp_path / "run").name == "ckpt-20"
    assert find_prefix(tmp_path).name == "ckpt-20"  # a level above
    listing = tmp_path / "run" / "checkpoint"
    listing.write_text('model_checkpoint_path: "/another/machine/ckpt-1"\n')
    assert find_prefix(tmp_path / "run").name == "ckpt-1"
    listing.unlink()
    with pytest.raises(InputError, match="holds 2 checkpoints .ckpt-1, ckpt-20"):
        find_prefix(tmp_path / "run")


def test_what_is_no_checkpoint(tmp_path):
    with pytest.raises(InputError, match=r"holds no TensorFlow checkpoint"):
        find_prefix(tmp_path)
    with pytest.raises(InputError, match=r"ckpt-1.index does not exist"):
        find_prefix(tmp_path / "ckpt-1")
    archive = tmp_path / "weights.tar.gz"
    archive.write_bytes(b"\x1f\x8b" + b"0" * 50)
    with pytest.raises(InputError, match="is not a TensorFlow checkpoint.*axialkit weights conve"):
        find_prefix(archive)


# --- broken files --------------------------------------------------------------------------------


def change(path: Path, edit) -> None:
    data = bytearray(path.read_bytes())
    path.write_bytes(bytes(edit(data)))


def flipped(at: int):
    def edit(data: bytearray) -> bytearray:
        data[at] ^= 1
        return data

    return edit


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda data: data[:-20], "is no whole index .* without the mark at its end"),
        (lambda data: data[:10], "is no whole index"),
        (lambda data: b"", "is no whole index"),
        (lambda data: b"<html>Not found</html>" * 9, "starts with b'<html>Not fo"),
        (lambda data: b"version https://git-lfs.github.com/spec/v1\n" * 3, "version http"),
        (flipped(30), "a checksum is wrong near byte 0"),
    ],
)
def test_a_broken_index_is_named(written, edit, sentence):
    index = Path(f"{written}.index")
    change(index, edit)
    with pytest.raises(InputError, match=sentence) as caught:
        TfCheckpoint(written)
    assert str(index) in str(caught.value) and "again" in str(caught.value)


def test_every_flipped_byte_of_an_index_is_noticed_or_harmless(tmp_path):
    variables = network_variables({"a/_conv/kernel": (2, 2), "b": (3,)})
    prefix = write_checkpoint(tmp_path / "c", variables)
    index = Path(f"{prefix}.index")
    whole = index.read_bytes()
    for at in range(len(whole)):
        change(index, flipped(at))
        with suppress(InputError):  # a sentence, never a wrong tensor or a bare error
            assert_equal(TfCheckpoint(prefix), plain(variables))
        index.write_bytes(whole)


def test_a_broken_shard_is_named(written):
    data = Path(f"{written}.data-00000-of-00001")
    whole = data.read_bytes()
    data.write_bytes(whole[:-4])
    with pytest.raises(InputError, match=r"00000-of-00001 is truncated: it has .* bytes, the inde"):
        TfCheckpoint(written)
    data.write_bytes(whole)
    change(data, flipped(len(whole) - 2))  # in the last variable
    checkpoint = TfCheckpoint(written)
    checkpoint["encoder/_stem/_batch_norm/gamma"]
    with pytest.raises(InputError, match="checksum of semantic_last_layer/bias"):
        checkpoint["semantic_last_layer/bias"]
    data.unlink()
    with pytest.raises(InputError, match=r"data file .*00000-of-00001 is missing"):
        TfCheckpoint(written)


def test_a_missing_shard_of_several_is_named(tmp_path):
    prefix = write_checkpoint(tmp_path / "c", network_variables(SHAPES), shards=3)
    Path(f"{prefix}.data-00001-of-00003").unlink()
    with pytest.raises(InputError, match=r"c.data-00001-of-00003 is missing"):
        TfCheckpoint(prefix)


def test_types_that_cannot_be_read_say_so(tmp_path):
    variables = {"s" + VALUE: np.zeros(3, np.uint8)}
    prefix = write_checkpoint(tmp_path / "c", variables, types={"s" + VALUE: 7})
    with pytest.raises(InputError, match="has TensorFlow's type 7, which axialkit does not read"):
        TfCheckpoint(prefix)["s"]


@pytest.mark.parametrize(
    ("header", "entry", "compression", "sentence"),
    [
        (tf_writer.field(2, 0, b"\1"), b"", 0, "was written on a big-endian machine"),
        (b"", tf_writer.message(7, b""), 0, "is stored in slices, which axialkit does not read"),
        (b"", b"", 1, "is compressed .type 1., which axialkit does not read"),
    ],
)
def test_forms_that_are_not_read_say_so(tmp_path, header, entry, compression, sentence):
    values = np.ones(3, np.float32)
    prefix = write_checkpoint(tmp_path / "c", {"x" + VALUE: values})
    whole = tf_writer.entry(values, 0, 0, values.tobytes(), 1)
    pairs = [(b"", tf_writer.field(1, 0, b"\1") + header), (b"x" + VALUE.encode(), whole + entry)]
    block = bytearray()
    tf_writer.add_block(block, pairs)
    body = bytes(block[:-5]) + bytes([compression])
    index = (
        body + struct.pack("<I", tf_writer.masked_crc(body)) + tf_writer.table(pairs)[len(block) :]
    )
    Path(f"{prefix}.index").write_bytes(index)
    with pytest.raises(InputError, match=sentence):
        TfCheckpoint(prefix)["x"]


def test_a_copy_elsewhere_reads_the_same(tmp_path, written):
    shutil.copytree(written.parent, tmp_path / "copy" / "deep")
    assert list(TfCheckpoint(tmp_path / "copy")) == list(TfCheckpoint(written))

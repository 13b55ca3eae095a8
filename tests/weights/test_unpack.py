import gzip
import random
import shutil
import tarfile
from collections import namedtuple

import pytest

from axialkit.errors import InputError
from axialkit.weights.unpack import Limits, unpack
from tests.archives import member, pack

GOOD = [member("net", kind=tarfile.DIRTYPE), member("net/a", b"abc"), member("net/b", b"x" * 2000)]


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "deep" / "folder"
    path.mkdir(parents=True)
    return path


def refused(archive, folder, words, limits=None):
    with pytest.raises(InputError, match="is not a whole and harmless .tar.gz") as caught:
        unpack(archive, folder, limits or Limits())
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(archive))


def test_files_arrive_as_they_are(tmp_path, folder):
    unpack(pack(tmp_path / "good.tar.gz", GOOD), folder)
    assert (folder / "net/a").read_bytes() == b"abc"
    assert (folder / "net/b").read_bytes() == b"x" * 2000
    assert len(list(folder.rglob("*"))) == 3


def link(name, target, kind):
    info, _ = member(name, kind=kind)
    info.linkname = target
    return info, b""


HOSTILE = {
    "absolute": (member("/nowhere/escaped"), "lies outside its folder"),
    "upwards": (member("net/../../escaped"), "lies outside its folder"),
    "backslash": (member("..\\escaped"), "lies outside its folder"),
    "drive": (member("C:/escaped"), "lies outside its folder"),
    "symbolic link": (link("net/l", "../../escaped", tarfile.SYMTYPE), '"net/l" is a link'),
    "link inside": (link("net/l", "a", tarfile.SYMTYPE), '"net/l" is a link'),
    "hard link": (link("net/l", "net/a", tarfile.LNKTYPE), '"net/l" is a link'),
    "character device": (member("net/d", kind=tarfile.CHRTYPE), "neither a file nor a folder"),
    "block device": (member("net/d", kind=tarfile.BLKTYPE), "neither a file nor a folder"),
    "pipe": (member("net/p", kind=tarfile.FIFOTYPE), "neither a file nor a folder"),
    "twice": (member("net/a", b"other"), '"net/a" is in it twice'),
    "twice in disguise": (member("./net//a", b"other"), '"net/a" is in it twice'),
    "file as folder": (member("net/a/b"), "Not a directory"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_members_are_refused(tmp_path, folder, case):
    hostile, words = HOSTILE[case]
    archive = pack(tmp_path / "hostile.tar.gz", [*GOOD, hostile])
    before = sorted(path for path in tmp_path.rglob("*") if folder not in path.parents)
    refused(archive, folder, words)
    assert sorted(path for path in tmp_path.rglob("*") if folder not in path.parents) == before
    assert not any(path.is_symlink() for path in folder.rglob("*"))


def test_sizes_are_limited_by_what_the_headers_say(tmp_path, folder):
    archive = pack(tmp_path / "large.tar.gz", GOOD)
    refused(archive, folder, '"net/b" has 2.0 kB', Limits(member=1999))
    refused(archive, folder, "over 2.0 kB in all", Limits(total=2002))
    refused(archive, folder, "over 2 members", Limits(members=2))


def test_a_bomb_is_refused_before_its_member_is_written(tmp_path, folder):
    huge = tarfile.TarInfo("bomb")
    huge.size = 10**13
    (tmp_path / "bomb.tar.gz").write_bytes(gzip.compress(huge.tobuf(tarfile.GNU_FORMAT)))
    refused(tmp_path / "bomb.tar.gz", folder, '"bomb" has 10000.00 GB')
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_bomb_in_a_header_is_not_read_into_memory(tmp_path, folder, kind):
    huge = tarfile.TarInfo("header")
    huge.type, huge.size = kind, 10**9
    (tmp_path / "bomb.tar.gz").write_bytes(gzip.compress(huge.tobuf(tarfile.GNU_FORMAT)))
    refused(tmp_path / "bomb.tar.gz", folder, "a header of 1.00 GB")


def test_every_truncation_is_noticed(tmp_path, folder):
    noise = random.Random(0).randbytes(20_000)
    whole = pack(tmp_path / "whole.tar.gz", [member("net/noise", noise)]).read_bytes()
    for kept in (0, 1, 10, 500, 10_000, len(whole) - 9, len(whole) - 4, len(whole) - 1):
        (tmp_path / "cut.tar.gz").write_bytes(whole[:kept])
        shutil.rmtree(folder)
        folder.mkdir()
        refused(tmp_path / "cut.tar.gz", folder, "Remove it and get it again.")


def test_flipped_bits_are_noticed(tmp_path, folder):
    noise = random.Random(0).randbytes(20_000)
    whole = pack(tmp_path / "whole.tar.gz", [member("net/noise", noise)]).read_bytes()
    for place in (0, 200, 10_000, len(whole) - 6):
        damaged = bytearray(whole)
        damaged[place] ^= 4
        (tmp_path / "flipped.tar.gz").write_bytes(damaged)
        shutil.rmtree(folder)
        folder.mkdir()
        refused(tmp_path / "flipped.tar.gz", folder, "Remove it and get it again.")


def test_a_damaged_header_does_not_end_the_archive_quietly(tmp_path, folder):
    whole = bytearray(gzip.decompress(pack(tmp_path / "whole.tar.gz", GOOD).read_bytes()))
    whole[3 * 512 + 4] ^= 1  # a letter of the third member's name: its checksum fails
    (tmp_path / "odd.tar.gz").write_bytes(gzip.compress(whole))
    refused(tmp_path / "odd.tar.gz", folder, "more follows after its end")


@pytest.mark.parametrize("text", [b"<html>Sign in</html>", b"", b"PK\x03\x04zip"])
def test_what_is_no_archive(tmp_path, folder, text):
    (tmp_path / "page.tar.gz").write_bytes(text)
    refused(tmp_path / "page.tar.gz", folder, "")


def test_a_missing_archive(tmp_path, folder):
    with pytest.raises(InputError, match=r"There is no archive .*none\.tar\.gz"):
        unpack(tmp_path / "none.tar.gz", folder)


def test_a_full_disk(tmp_path, folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 1999))
    with pytest.raises(InputError, match="too full: 2.0 kB are needed"):
        unpack(pack(tmp_path / "good.tar.gz", GOOD), folder)
    assert not (folder / "net/b").exists()

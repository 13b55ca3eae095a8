"""Downloads against a real server that misbehaves; what arrives is compared byte by byte."""

import random
import shutil
import socket
from collections import namedtuple

import pytest

from axialkit.errors import InputError
from axialkit.weights import download as module
from axialkit.weights.download import ATTEMPTS, check_room, download, in_words, part_of
from tests.file_server import Site, serve

CONTENT = random.Random(0).randbytes(3_000_000)
OTHER = random.Random(1).randbytes(2_500_000)


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT", 0.0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve(Site({"net.tar.gz": CONTENT})) as site:
        yield site


@pytest.fixture
def target(tmp_path):
    return tmp_path / "downloads" / "net.tar.gz"


def fetch(site, target):
    download(site.address("net.tar.gz"), target)


def begin(site, target, arrived):
    """Have the first ``arrived`` bytes, as after a lost connection."""
    site.cuts = [arrived]
    site.statuses = [200, *[503] * ATTEMPTS]
    with pytest.raises(InputError):
        fetch(site, target)
    site.statuses.clear()
    site.requests.clear()
    assert part_of(target).read_bytes() == CONTENT[:arrived]


def assert_whole(target, content=CONTENT):
    assert target.read_bytes() == content
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_whole_file(site, target):
    fetch(site, target)
    assert_whole(target)
    assert len(site.requests) == 1
    assert "Range" not in site.requests[0]


def test_cut_connections_are_resumed_where_they_broke(site, target):
    site.cuts = [1_000_000, 500_000]
    fetch(site, target)
    assert_whole(target)
    asked = [(request.get("Range"), request.get("If-Range")) for request in site.requests]
    first, tag = "bytes=1000000-", '"first"'
    assert asked == [(None, None), (first, tag), ("bytes=1500000-", tag)]
    assert site.sent == len(CONTENT)  # no byte twice


def test_many_cuts_are_no_reason_to_give_up_while_something_arrives(site, target):
    site.cuts = [100_000] * (3 * ATTEMPTS)
    fetch(site, target)
    assert_whole(target)


def test_the_next_call_goes_on(site, target):
    begin(site, target, 1_200_000)
    fetch(site, target)
    assert_whole(target)
    assert [request["Range"] for request in site.requests] == ["bytes=1200000-"]


def test_a_date_serves_where_there_is_no_tag(site, target):
    site.etag, site.date = None, "Mon, 02 Aug 2021 10:00:00 GMT"
    begin(site, target, 1_200_000)
    fetch(site, target)
    assert_whole(target)
    assert site.requests[0]["If-Range"] == site.date


@pytest.mark.parametrize("tag", ['W/"weak"', None])
def test_without_a_strong_tag_or_a_date_it_starts_anew(site, target, tag):
    site.etag = tag
    begin(site, target, 1_200_000)
    fetch(site, target)
    assert_whole(target)
    assert "Range" not in site.requests[0]


def test_a_server_without_ranges_starts_anew(site, target):
    site.ranges = False
    begin(site, target, 1_200_000)
    fetch(site, target)
    assert_whole(target)


@pytest.mark.parametrize("obeys", [True, False])
def test_a_changed_file_starts_anew(site, target, obeys):
    begin(site, target, 1_200_000)
    site.etag, site.files["net.tar.gz"], site.obeys_if_range = '"second"', OTHER, obeys
    fetch(site, target)
    assert_whole(target, OTHER)


def test_a_shorter_file_under_the_same_tag_starts_anew(site, target):
    begin(site, target, 1_200_000)
    site.files["net.tar.gz"] = OTHER[:1_000_000]
    fetch(site, target)
    assert_whole(target, OTHER[:1_000_000])


def test_pieces_of_another_address_are_not_continued(site, target):
    begin(site, target, 1_200_000)
    site.files["mirror/net.tar.gz"] = OTHER
    download(site.address("mirror/net.tar.gz"), target)
    assert_whole(target, OTHER)


def test_damaged_notes_about_a_part_start_anew(site, target):
    begin(site, target, 1_200_000)
    part_of(target).with_name("net.tar.gz.part.json").write_text("{")
    fetch(site, target)
    assert_whole(target)


def test_a_whole_part_only_needs_its_name(site, target):
    begin(site, target, 1_200_000)
    part_of(target).write_bytes(CONTENT)
    fetch(site, target)
    assert_whole(target)
    assert site.requests == []


def test_fewer_bytes_than_announced_are_never_taken_for_the_file(site, target):
    site.longer = 7
    with pytest.raises(
        InputError, match=r"broke off 5 times in a row .*3000000 of 3000007 bytes are kept"
    ):
        fetch(site, target)
    assert not target.exists()


def test_a_server_that_states_no_length(site, target):
    site.states_length = False
    fetch(site, target)
    assert_whole(target)


def test_a_missing_file_is_said_at_once(site, target):
    with pytest.raises(InputError, match="it answered 404 Not Found.*AXIALKIT_WEIGHTS_URL"):
        download(site.address("nothing.tar.gz"), target)
    assert len(site.requests) == 1
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_in_trouble_is_asked_again(site, target, status):
    site.statuses = [status, status]
    fetch(site, target)
    assert_whole(target)
    assert len(site.requests) == 3


def test_offline_names_the_link_and_the_folder(monkeypatch, target):
    monkeypatch.setattr(module, "FIRST_WAIT", 0.0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/net.tar.gz"
        with pytest.raises(InputError) as caught:
            download(url, target)
    assert str(caught.value).startswith(f"Cannot get {url} (no connection).")
    assert f"put it into the folder {target.parent}, and run the same command" in str(caught.value)


@pytest.mark.parametrize("url", ["mirror/net.tar.gz", "ftp://mirror/net.tar.gz", "http:///x"])
def test_what_is_no_web_address(target, url):
    with pytest.raises(InputError, match="Mend AXIALKIT_WEIGHTS_URL"):
        download(url, target)


def test_a_full_disk_is_seen_before_anything_is_written(site, target, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 5_900_000))
    with pytest.raises(InputError, match=r"6\.0 MB are needed, 5\.9 MB are free"):
        download(site.address("net.tar.gz"), target, room_after=1.0)
    assert not target.exists()
    assert not part_of(target).exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 6_000_000))
    download(site.address("net.tar.gz"), target, room_after=1.0)
    assert_whole(target)


def test_what_has_arrived_needs_no_room_again(site, target, monkeypatch):
    begin(site, target, 1_000_000)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 2_000_000))
    fetch(site, target)
    assert_whole(target)


def test_a_disk_that_fills_up_meanwhile(site, target, tmp_path, monkeypatch):
    part = part_of(target)
    monkeypatch.setattr(module, "forget", lambda _: None)  # keep the link to the full device
    part.parent.mkdir()
    part.symlink_to("/dev/full")
    with pytest.raises(InputError, match="No space left on device. What has arrived is kept"):
        fetch(site, target)
    assert not target.exists()


def test_room_and_sizes_in_words(tmp_path):
    with pytest.raises(InputError, match="1000000000.00 GB are needed"):
        check_room(tmp_path, 10**18)
    assert [in_words(n) for n in (5, 12_000, 171_200_000, 2_287_000_000)] == [
        "5 bytes", "12.0 kB", "171.2 MB", "2.29 GB",
    ]  # fmt: skip

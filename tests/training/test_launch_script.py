"""Code in several processes: streamed, brought back, ended with its parent; real messages."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from axialkit.errors import LOST, InputError
from axialkit.training.launch_script import launch_script
from axialkit.training.ranked_script import sentence
from tests.training import job
from tests.training.test_launch import is_running

MEASURE = """
import torch
from axialkit.training import small_timings
from axialkit.training.distributed import process_group
from axialkit.training.peers import Peers

with process_group() as processes:
    peers, other = Peers(processes.device), 1 - processes.rank
    got = []
    for x in (torch.arange(3.0), torch.tensor(2.5).double(), torch.zeros(0, 4), torch.ones(2, 2)):
        x = x + processes.rank
        peers.send(x, other)
        x += 100  # a copy was sent
        got.append(peers.receive(other))

    def mean_over(x):
        peers.send(x, other)
        return (x + peers.receive(other)) / 2

    result = {"got": got, **small_timings.recorded_steps(processes, mean_over)}
    result["seconds"] = small_timings.seconds_per_step(processes)
    peers.finish()
print("half a line", end="")
"""


@pytest.fixture(scope="module")
def measured():
    lines: list[str] = []
    return launch_script(MEASURE, 2, show=lines.append), lines


def test_lines_are_marked_and_whole(measured):
    assert sorted(measured[1]) == ["0 │ half a line", "1 │ half a line"]


def test_messages_arrive_as_they_were_sent(measured):
    for rank, result in enumerate(measured[0]):
        other = 1 - rank
        first, second, third, fourth = result["got"]
        assert torch.equal(first, torch.arange(3.0) + other)
        assert second.dtype == torch.float64 and second == 2.5 + other
        assert third.shape == (0, 4)
        assert torch.equal(fourth, torch.ones(2, 2) + other)


def test_time_is_recorded(measured):
    for result in measured[0]:
        messages = [what for what, _, _ in result["one by one"] if what == "gradient"]
        sizes = [size for _, sizes in result["buckets"] for size in sizes]
        assert len(messages) == len(sizes) == 79
        assert 2 <= len(result["buckets"]) < 10
        for way in ("one by one", "in buckets"):
            assert all(start <= end for _, start, end in result[way])
        (done,) = (end for what, _, end in result["one by one"] if what == "backward")
        assert all(start >= done for what, start, _ in result["one by one"] if what == "gradient")
        assert {f"bucket {i}" for i in range(len(result["buckets"]))} < {
            what for what, _, _ in result["in buckets"]
        }
    assert measured[0][0]["seconds"].keys() == {"1 x 4", "1 x 8", "2 x 4"}


def test_a_mistake_is_one_sentence_and_ends_all():
    code = "import os, time\nif os.environ['RANK'] == '1':\n    [][3]\ntime.sleep(300)"
    with pytest.raises(InputError, match=r"^Process 1 stopped in line 3, `\[\]\[3\]`, with Index"):
        launch_script(code, 2)


def test_the_sentence_of_who_has_waited_for_others(tmp_path):
    lost = RuntimeError("[gloo] Connection closed by peer [127.0.0.1]")
    assert sentence(lost, "0", tmp_path).startswith(LOST)
    wrong = SyntaxError("invalid syntax", (str(tmp_path), 4, 1, "x = ="))
    assert sentence(wrong, "1", tmp_path).startswith("Process 1 cannot read line 4: SyntaxError")


def test_a_killed_process_is_named():
    code = "import os, time\nif os.environ['RANK'] == '0': os.kill(os.getpid(), 9)\ntime.sleep(99)"
    with pytest.raises(InputError, match=r"^Process 0 was killed by SIGKILL"):
        launch_script(code, 2)


PARENT = """
import sys
from axialkit.training.launch_script import launch_script
code = "import os, time; print(os.getpid()); time.sleep(300)"
launch_script(code, 2, show=lambda line: print(line, flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_who_started_them(number):
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT], env=job.environment(), text=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    workers = [int(process.stdout.readline().split("│")[1]) for _ in range(2)]
    assert all(map(is_running, workers))
    began = time.monotonic()
    os.kill(process.pid, number)
    process.wait()
    job.wait_for(lambda: not any(map(is_running, workers)), "the end of the workers")
    assert time.monotonic() - began < 20

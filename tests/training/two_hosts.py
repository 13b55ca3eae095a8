"""Two machines on one: network namespaces with addresses of their own, joined by a cable (veth).

    unshare --map-root-user --net --mount python -m tests.training.two_hosts SCENARIO OUT WORD...

Each host starts the launcher that users start, with the words of ``axialkit train``; one process
per host, rendezvous over TCP at the first. Scenarios: "undisturbed"; "worker", one
worker is killed and both agents start the group anew by themselves; "host", agent and worker of the
second host are killed, and the agent is started again by hand.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.training.job import PATIENCE, REPOSITORY, environment, wait_for

HOSTS = {"first": "10.77.0.1", "second": "10.77.0.2"}
LAUNCHER = REPOSITORY / "axialkit/training/several_machines.sh"


def lay_cable():
    for line in (
        "mount -t tmpfs tmpfs /run",
        "ip netns add first",
        "ip netns add second",
        "ip link add cable netns first type veth peer name cable netns second",
    ):
        subprocess.run(line.split(), check=True)
    for host, address in HOSTS.items():
        for line in (f"address add {address}/24 dev cable", "link set cable up", "link set lo up"):
            subprocess.run(["ip", "-n", host, *line.split()], check=True)


def start_agent(host: str, words: list[str], log: Path) -> subprocess.Popen:
    settings = {
        "FIRST": HOSTS["first"],
        "HERE": HOSTS[host],
        "IS_FIRST": str(int(host == "first")),
        "PROCESSES": "1",
        "PYTHON": sys.executable,
        "GLOO_SOCKET_IFNAME": "cable",
    }
    with log.open("ab") as file:
        return subprocess.Popen(
            ["ip", "netns", "exec", host, "bash", LAUNCHER, *words],
            env={**environment(), **settings},
            cwd=REPOSITORY,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def workers_of(agent: subprocess.Popen) -> list[int]:
    """The processes below an agent that train."""
    children = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    assert children, "the agent has no worker"
    return [int(child) for child in children]


def main(scenario: str, out: str, *words: str) -> None:
    lay_cable()
    command = [*words, "--out", out]
    logs = {host: Path(f"{out}.{host}.log") for host in HOSTS}
    agents = {host: start_agent(host, command, logs[host]) for host in HOSTS}
    try:
        disturb(scenario, agents, Path(out), lambda: start_agent("second", command, logs["second"]))
        ends = {host: agent.wait(PATIENCE) for host, agent in agents.items()}
    finally:
        for agent in agents.values():
            if agent.poll() is None:
                os.killpg(agent.pid, signal.SIGKILL)
    said = "\n".join(f"{host}:\n{log.read_text()}" for host, log in logs.items())
    sys.exit(0 if set(ends.values()) == {0} else f"{ends}\n{said}")


def disturb(scenario: str, agents: dict[str, subprocess.Popen], out: Path, start_again) -> None:
    if scenario == "undisturbed":
        return
    wait_for(lambda: list(out.glob("checkpoints/*.safetensors")), "a checkpoint")
    for worker in workers_of(agents["second"]):
        os.kill(worker, signal.SIGKILL)
    if scenario == "host":
        agents["second"].kill()
        agents["second"].wait()
        time.sleep(2)  # somebody notices, and starts it again
        agents["second"] = start_again()


if __name__ == "__main__":
    main(*sys.argv[1:])

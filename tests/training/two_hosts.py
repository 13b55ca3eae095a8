"""Two machines on one: network namespaces with addresses of their own, joined by a cable (veth).

    unshare --map-root-user --net --mount python -m tests.training.two_hosts SCENARIO JOBS OUT

One process per host, rendezvous over TCP at the first host. Scenarios: "undisturbed"; "worker", one
worker is killed and both agents start the group anew by themselves; "host", agent and worker of the
second host are killed, and the agent is started again by hand.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.training.job import PATIENCE, REPOSITORY, command, environment, wait_for

HOSTS = {"first": "10.77.0.1", "second": "10.77.0.2"}
PORT = 29_400
ENVIRONMENT = {
    "GLOO_SOCKET_IFNAME": "cable",
    # or an agent that joins later waits in vain: torch 2.13 tells the address of the store that it
    # shares between rounds in the first round only
    "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
}


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


def start_agent(host: str, jobs: Path, log: Path) -> subprocess.Popen:
    options = [
        *("--nnodes", "2", "--max-restarts", "3", "--rdzv-backend", "c10d", "--rdzv-id", "city"),
        *("--rdzv-endpoint", f"{HOSTS['first']}:{PORT}", "--local-addr", HOSTS[host]),
        *("--rdzv-conf", f"is_host={int(host == 'first')}"),
    ]
    with log.open("ab") as file:
        return subprocess.Popen(
            ["ip", "netns", "exec", host, *command(jobs, 1, *options)],
            env={**environment(), **ENVIRONMENT},
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


def main(scenario: str, jobs: str, out: str) -> None:
    lay_cable()
    logs = {host: Path(f"{jobs}.{scenario}.{host}.log") for host in HOSTS}
    agents = {host: start_agent(host, Path(jobs), logs[host]) for host in HOSTS}
    if scenario != "undisturbed":
        wait_for(lambda: list(Path(out).glob("checkpoints/*.safetensors")), "a checkpoint")
    if scenario == "worker":
        for worker in workers_of(agents["second"]):
            os.kill(worker, signal.SIGKILL)
    if scenario == "host":
        for pid in (agents["second"].pid, *workers_of(agents["second"])):
            os.kill(pid, signal.SIGKILL)
        agents["second"].wait()
        time.sleep(2)  # somebody notices, and starts it again
        agents["second"] = start_agent("second", Path(jobs), logs["second"])
    try:
        ends = {host: agent.wait(PATIENCE) for host, agent in agents.items()}
    finally:
        for agent in agents.values():
            if agent.poll() is None:
                os.killpg(agent.pid, signal.SIGKILL)
    said = "\n".join(f"{host}:\n{log.read_text()}" for host, log in logs.items())
    sys.exit(0 if set(ends.values()) == {0} else f"{ends}\n{said}")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The page as programs meet it: every endpoint through the client, and what hostile ones send."""

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

pytest.importorskip("gradio")
from gradio_client import handle_file  # noqa: E402

from axialkit.attention import record_attention, two_hop  # noqa: E402
from axialkit.attention.replay import LogitTerms  # noqa: E402
from axialkit.course.web_page import browser_call, upload  # noqa: E402
from axialkit.data.minicity import scene  # noqa: E402
from axialkit.demo import app  # noqa: E402
from axialkit.demo.comparing import KINDS  # noqa: E402
from axialkit.demo.guard import BUSY  # noqa: E402
from axialkit.demo.looking import Question  # noqa: E402
from axialkit.demo.plain import UNEXPECTED  # noqa: E402
from axialkit.demo.scoring import score  # noqa: E402
from axialkit.demo.tables import as_data  # noqa: E402
from axialkit.demo.views import Views  # noqa: E402
from axialkit.inference import segment  # noqa: E402
from tests.demo import hostile  # noqa: E402
from tests.demo.conftest import STREET  # noqa: E402

ENDPOINTS = {"/street", "/segment", "/attention", "/two_hop", "/compare", "/metrics"}


@pytest.fixture(scope="module")
def views(tiny):
    return Views(tiny)


def read(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_exactly_the_documented_endpoints_are_offered_with_their_types(client):
    api = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(api) == ENDPOINTS
    (two_hop_,) = api["/two_hop"]["returns"]
    assert "weights: list[list[float]]" in two_hop_["python_type"]["type"]
    assert "pq: float" in api["/metrics"]["returns"][1]["python_type"]["type"]


def test_street(client, street):
    np.testing.assert_array_equal(read(client.predict(STREET, api_name="/street")), street)


def test_segment(client, views, street, street_file):
    overlay, answer = client.predict(handle_file(street_file), api_name="/segment")
    np.testing.assert_array_equal(read(overlay), views.paint(street).overlay)
    view = views.segment(street)
    assert answer["segments"] == json.loads(json.dumps([as_data(one) for one in view.segments]))
    assert (answer["height"], answer["width"], answer["weights"]) == (128, 256, "tiny")
    assert answer["note"] == view.note  # without Markdown, which this note has none of


def test_segment_with_settings(client, street_file):
    answers = [
        client.predict(handle_file(street_file), *settings, api_name="/segment")[1]["segments"]
        for settings in ([], [0.1, 5, 400, 16384], [1.0])
    ]
    assert len(answers[0]) > len(answers[1])  # small stuff is void
    assert len([one for one in answers[2] if one["center"]]) <= len(
        [one for one in answers[0] if one["center"]]
    )


def test_attention(client, views, street, street_file):
    picture, answer = client.predict(
        handle_file(street_file), 100, 40, 2, 1, 0, api_name="/attention"
    )
    expected = views.attention(street, Question(100, 40, 2, 1, 0))
    np.testing.assert_array_equal(read(picture), expected.picture)
    assert answer["description"] == expected.words
    np.testing.assert_allclose(answer["row"], expected.look.attention.row, atol=1e-12)
    assert sum(answer["column"]) == pytest.approx(1)
    assert sum(one["share"] for one in answer["classes"]) == pytest.approx(1)


@pytest.mark.parametrize("order", ["hw", "wh"])
@pytest.mark.parametrize(("layer", "heads"), [(1, (1, 2)), (3, (0, 0)), (2, (0, 4))])
def test_two_hop_is_that_of_the_package(client, tiny, street, street_file, order, layer, heads):
    answer = client.predict(
        handle_file(street_file), 60, 120, layer, *heads, order, api_name="/two_hop"
    )
    with record_attention(tiny.model) as maps:
        segment(tiny.model, street, tiny.config)
    name = tiny.layers[layer - 1]
    head = tuple(one - 1 if one else None for one in heads)
    expected = two_hop(maps[f"{name}.height"], maps[f"{name}.width"], (4, 8), order, head=head)
    assert (answer["cell"], answer["layer"]) == ([4, 8], name)
    np.testing.assert_allclose(answer["weights"], expected, atol=1e-6)
    assert np.sum(answer["weights"]) == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
def test_compare(client, street_file, kind):
    question = [60, 120, 1, 0, 0, "hw"]
    terms = ["content q·k", "query position q·r", "key position k·r"]
    picture, answer = client.predict(
        handle_file(street_file), *question, terms, kind, STREET, api_name="/compare"
    )
    assert len(answer["headers"]) == 3
    assert all(len(row) == 3 for row in answer["rows"])
    assert len(answer["description"]) > 100
    assert (picture is None) == (kind == "other backends")
    if kind.startswith("without"):
        assert "PQ of this picture" in [row[0] for row in answer["rows"]]


def test_metrics(client, tiny, drawn):
    picture, answer = client.predict(STREET, api_name="/metrics")
    expected = score(tiny, tiny.see(drawn.image), drawn.instance_ids)
    np.testing.assert_array_equal(read(picture), expected.picture)
    for name in ("pq", "sq", "rq", "miou"):
        assert answer[name] == getattr(expected, name)
    assert answer["segments"] == expected.segments
    assert [row["heads"] for row in answer["ladder"]] == [row[0] for row in expected.ladder]


def test_plain_requests_get_the_same_and_may_leave_out_what_has_a_default(
    client, address, street_file
):
    by_client = client.predict(handle_file(street_file), api_name="/segment")[1]
    by_request = browser_call(address, "/segment", upload(address, street_file))[1]
    assert by_client == by_request


def test_the_script_of_the_page_for_curl_works(address, tiny, tmp_path, street):
    import shutil
    import subprocess

    from axialkit.demo.programs import programs

    if not (shutil.which("curl") and shutil.which("bash")):
        pytest.skip("needs curl and bash")
    script = programs(address, Question(60, 120, 1), STREET)["curl"]
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    answer = json.loads(done.stdout.rsplit("data: ", 1)[1])[0]
    assert answer["cell"] == [4, 8]


def test_the_program_of_the_page_for_python_works(address, capsys):
    from axialkit.demo.programs import programs

    exec(programs(address, Question(60, 120, 1), STREET)["Python"], {})  # noqa: S102
    assert "[4, 8] 0." in capsys.readouterr().out


def test_the_cell_of_the_page_draws_the_same_look(tiny, street, capsys):
    from axialkit.demo.programs import notebook_cell

    names = {}
    question = Question(60, 120, 2, 1, 3, "wh", LogitTerms(query_position=False))
    exec(notebook_cell("tiny", question, STREET), names)  # noqa: S102
    expected = Views(tiny).attention(street, question).look.attention
    np.testing.assert_allclose(names["look"].two_hop, expected.two_hop, atol=1e-9)
    assert "asked from y=64, x=128" in capsys.readouterr().out


def test_inside_another_app(tiny, street_file):
    """Mounted under a path, by a real server, beside routes of its owner."""
    uvicorn = pytest.importorskip("uvicorn")
    from fastapi import FastAPI
    from gradio_client import Client

    owner = FastAPI()
    owner.get("/health")(lambda: {"is": "fine"})
    mounted = app.mount(owner, "/demo", "tiny")
    server = uvicorn.Server(uvicorn.Config(mounted, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    root = f"http://127.0.0.1:{port}"
    try:
        assert requests.get(f"{root}/health", timeout=20).json() == {"is": "fine"}
        client = Client(f"{root}/demo", verbose=False, analytics_enabled=False)
        answer = client.predict(handle_file(street_file), 0, 0, api_name="/two_hop")
        assert np.sum(answer["weights"]) == pytest.approx(1)
        probe = requests.get(f"{root}/demo/gradio_api/file=/etc/passwd", timeout=20)
        assert probe.status_code in (400, 403, 404)
        long = requests.post(
            f"{root}/demo/gradio_api/call/two_hop", data=b"x" * 2_000_000, timeout=20
        )
        assert long.status_code == 413
    finally:
        server.should_exit = True
        thread.join(20)


def test_taken_port_gives_the_next_free_one(address):
    taken = int(address.rsplit(":", 1)[1])
    assert app._free_port("127.0.0.1", taken) > taken


def test_when_many_ask_the_last_are_told_to_come_back(address):
    replies = []

    def ask():
        call = f"{address}/gradio_api/call/metrics"
        reply = requests.post(call, json={"data": [STREET]}, timeout=120)
        if reply.ok:
            reply = requests.get(f"{call}/{reply.json()['event_id']}", timeout=120)
        replies.append((reply.status_code, reply.text))

    threads = [threading.Thread(target=ask) for _ in range(90)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    busy = [text for status, text in replies if status == 503]
    assert busy
    assert all(json.loads(text) == {"detail": BUSY} for text in busy)
    assert all("event: complete" in text for status, text in replies if status != 503)


# --- hostile inputs ---------------------------------------------------------------------------

# of the server's inside: nobody's business
SECRETS = (
    "Traceback", "site-packages", "root:x:0", "/home/", "axialkit-demo-", str(Path.cwd()),
    "gradio/", "PATH=", "File \"",
)  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(address, street_file):
    attacks = hostile.attacks(upload(address, street_file))
    assert len(attacks) >= 200
    return {attack.name: hostile.run(address, attack) for attack in attacks}


def test_hostile_inputs_get_a_refusal_or_a_plain_message(outcomes, capsys):
    print(f"{len(outcomes)} hostile inputs")
    broken = {name: outcome for name, outcome in outcomes.items() if outcome.status >= 500}
    assert broken == {}
    for name, outcome in outcomes.items():
        if outcome.answered:
            continue
        if outcome.status == 200:  # an event that ended in an error: it has words
            message = json.loads(outcome.text.split("data: ", 1)[1])
            assert message, (name, outcome)
            words = message["error"] if isinstance(message, dict) else message
            assert isinstance(words, str), (name, outcome)
            assert 10 < len(words) < 500, (name, outcome)
            assert words != UNEXPECTED, name  # we have foreseen it


def test_hostile_inputs_learn_nothing(outcomes):
    for name, outcome in outcomes.items():
        if name.startswith("link "):  # the page itself
            continue
        for secret in SECRETS:
            assert secret not in outcome.text, (name, secret, outcome.text[:500])


def test_the_server_is_well_afterwards(outcomes, client, street_file, views, street):
    overlay, _ = client.predict(handle_file(street_file), api_name="/segment")
    np.testing.assert_array_equal(read(overlay), views.paint(street).overlay)


def test_what_we_did_not_foresee_is_told_in_one_sentence(capfd, tmp_path):
    import gradio as gr

    from axialkit.demo.plain import plainly

    @plainly
    def event(secret):
        raise RuntimeError(f"in {tmp_path}: {secret}")

    with pytest.raises(gr.Error) as caught:
        event("a visitor's picture")
    assert str(caught.value.message) == UNEXPECTED
    error = capfd.readouterr().err
    assert "visitor" not in error
    assert str(tmp_path) not in error


def test_uploads_are_in_a_folder_that_others_cannot_read(address, street_file):
    path = upload(address, street_file)["path"]
    folder = os.environ["GRADIO_TEMP_DIR"]
    assert path.startswith(folder)
    assert Path(folder).stat().st_mode & 0o077 == 0


def test_other_streets_are_other_pictures(client):
    one, other = (read(client.predict(number, api_name="/street")) for number in (4, 5))
    assert (one != other).mean() > 0.3
    np.testing.assert_array_equal(other, scene(0, seed=5).image)

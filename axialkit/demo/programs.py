"""Programs that make a view of the page again: with the package alone, or by asking the page."""

import json

from axialkit.demo.looking import TERM_NAMES, Question


def notebook_cell(weights: str, question: Question, street: int | None) -> str:
    """Return a cell that draws this view with the package alone."""
    picture = (
        f"from axialkit.data.minicity import scene\n\nimage = scene(0, seed={street}).image"
        if street is not None
        else 'from axialkit.data.images import read_rgb\n\nimage = read_rgb("picture.png")  # yours'
    )
    q = question
    asked = f'{q.y}, {q.x}, {q.layer}, {q.column_head}, {q.row_head}, "{q.order}"'
    return f"""from axialkit.attention.replay import LogitTerms
from axialkit.demo.looking import TERM_NAMES, Question, attention_at, seen_by
from axialkit.demo.network import Network
from axialkit.visualize.attention import describe_attention, draw_attention
{picture}
network = Network.load("{weights}")
seen = network.see(image)
terms = {q.terms}
look = attention_at(network, seen, Question({asked}, terms))
print(describe_attention(look, network.crop))
draw_attention(seen_by(network, seen), look, order="{q.order}")
"""


def programs(address: str, question: Question, street: int | None) -> dict[str, str]:
    """Return what asks the page for this view, by language: Python, JavaScript, curl."""
    q = question
    terms = [name for name, on in zip(TERM_NAMES, q.terms, strict=True) if on]
    asked = [q.y, q.x, q.layer, q.column_head, q.row_head, q.order, terms]
    values, number = (
        json.dumps(asked, ensure_ascii=False)[1:-1],
        "" if street is None else str(street),
    )
    get_file = (
        f'picture = handle_file(client.predict({number}, api_name="/street"))'
        if number
        else 'picture = handle_file("picture.png")  # your file'
    )
    python = f"""from gradio_client import Client, handle_file

client = Client("{address}")
{get_file}
two_hop = client.predict(picture, {values}, api_name="/two_hop")
print(two_hop["cell"], max(map(max, two_hop["weights"])))
"""
    picture = (
        f'(await client.predict("/street", [{number}])).data[0]'
        if number
        else 'document.querySelector("input[type=file]").files[0]'
    )
    javascript = f"""import {{ Client }} from "@gradio/client";

const client = await Client.connect("{address}");
const picture = {picture};
const answer = await client.predict("/two_hop", [picture, {values}]);
console.log(answer.data[0].cell);
"""
    api = f"{address.rstrip('/')}/gradio_api"
    source = (
        f"""EVENT=$(curl -s {api}/call/street -H "Content-Type: application/json" \\
  -d '{{"data": [{number}]}}' | cut -d'"' -f4)
FILE=$(curl -s {api}/call/street/$EVENT | grep -o '"path": *"[^"]*"' | cut -d'"' -f4)"""
        if number
        else f"FILE=$(curl -s -F files=@picture.png {api}/upload | cut -d'\"' -f2)"
    )
    curl = f"""{source}
EVENT=$(curl -s {api}/call/two_hop -H "Content-Type: application/json" \\
  -d '{{"data": [{{"path": "'$FILE'", "meta": {{"_type": "gradio.FileData"}}}}, {values}]}}' \\
  | cut -d'"' -f4)
curl -s {api}/call/two_hop/$EVENT
"""
    return {"Python": python, "JavaScript": javascript, "curl": curl}

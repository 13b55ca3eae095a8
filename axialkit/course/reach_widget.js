// The reach explorer: a grid of cells, a query Q, a target T, and the corner C between them.
// Everything is drawn here; the kernel only hears where Q and T are. No network, no libraries.

const COLORS = { paper: "#F4F4F2", line: "#C9C9C4", cross: "#0072B2", second: "#56B4E9" };
const MARKS = {
  Q: ["#D55E00", "#FFFFFF"],
  C: ["#F0E442", "#000000"],
  T: ["#000000", "#FFFFFF"],
};
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const HELP =
  "Click a cell to ask from it, click another one to hear from it. Keys: arrows move the target, " +
  "Enter asks from the target, 1 and 2 choose the hops, O the order, Escape clears the target.";

const say = ([y, x]) => `(${y}, ${x})`;
const same = (a, b) => a[0] === b[0] && a[1] === b[1];

// Where T's message stands between the two hops: H keeps the column, W keeps the row.
function cornerOf(query, target, order) {
  return order === "HW" ? [query[0], target[1]] : [target[0], query[1]];
}

function hopsNeeded(query, target) {
  return Number(query[0] !== target[0]) + Number(query[1] !== target[1]);
}

function describe({ query, target, order, hops, size }) {
  const [height, width] = size;
  const cross = height + width - 1;
  const share = (n) => `${n} of ${height * width} cells (${Math.round((100 * n) / (height * width))} %)`;
  if (!target.length) {
    const reach = hops === 1 ? `one hop, along its column or its row: ${share(cross)}` : `two hops: ${share(height * width)}`;
    return `Q ${say(query)} hears from ${reach}. Now choose a target.`;
  }
  const needed = hopsNeeded(query, target);
  const from = `T ${say(target)} to Q ${say(query)}`;
  if (needed === 0) return `${from}: the same cell, no hop needed.`;
  if (needed === 1) return `${from}: one hop, along the ${query[0] === target[0] ? "row" : "column"}.`;
  if (hops === 1) return `${from}: out of reach in one hop. Allow two.`;
  const [first, second] = [...order];
  return `${from}: ${first} hop to the corner C ${say(cornerOf(query, target, order))}, then ${second} hop.`;
}

function makeButton(text, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.className = "axk-button";
  button.addEventListener("click", action);
  return button;
}

function drawCells(context, state, cell) {
  const [height, width] = state.size;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inCross = y === state.query[0] || x === state.query[1];
      context.fillStyle = inCross ? COLORS.cross : state.hops === 2 ? COLORS.second : COLORS.paper;
      context.fillRect(x * cell, y * cell, cell, cell);
      context.strokeStyle = COLORS.line;
      context.lineWidth = 1;
      context.strokeRect(x * cell + 0.5, y * cell + 0.5, cell, cell);
    }
  }
}

function drawArrow(context, from, to, cell) {
  const [dy, dx] = [Math.sign(to[0] - from[0]), Math.sign(to[1] - from[1])];
  if (!dy && !dx) return;
  const center = ([y, x]) => [(x + 0.5) * cell, (y + 0.5) * cell];
  const [x, y] = center(to).map((v, i) => v - [dx, dy][i] * (cell / 2 + 2)); // the arrow's tip
  const head = cell / 3;
  const [left, right] = [1, -1].map((side) => [
    x - dx * head + (side * dy * head) / 2,
    y - dy * head + (side * dx * head) / 2,
  ]);
  context.beginPath();
  context.moveTo(...center(from));
  context.lineTo(x - dx * head, y - dy * head);
  context.moveTo(x, y);
  context.lineTo(...left);
  context.lineTo(...right);
  context.closePath();
  for (const [color, width] of [["#FFFFFF", 6], ["#000000", 3]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.stroke();
  }
  context.fillStyle = "#000000";
  context.fill();
}

function drawMark(context, letter, [y, x], cell) {
  const [fill, ink] = MARKS[letter];
  context.fillStyle = fill;
  context.fillRect(x * cell + 1, y * cell + 1, cell - 1, cell - 1);
  context.fillStyle = ink;
  context.font = `bold ${Math.round(cell * 0.6)}px sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(letter, (x + 0.5) * cell, (y + 0.54) * cell);
}

function draw(context, state, cell) {
  drawCells(context, state, cell);
  const { query, target, order, hops } = state;
  const connected = target.length && hopsNeeded(query, target) <= hops;
  const corner = connected ? cornerOf(query, target, order) : null;
  if (connected) {
    drawArrow(context, target, corner, cell);
    drawArrow(context, corner, query, cell);
  }
  if (corner && !same(corner, query) && !same(corner, target)) drawMark(context, "C", corner, cell);
  if (target.length) drawMark(context, "T", target, cell);
  drawMark(context, "Q", query, cell);
}

function render({ model, el }) {
  const size = [model.get("height"), model.get("width")];
  const cell = model.get("cell");
  const canvas = document.createElement("canvas");
  canvas.className = "axk-canvas";
  canvas.width = size[1] * cell + 1;
  canvas.height = size[0] * cell + 1;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `Reach on a grid of ${size[0]} by ${size[1]} cells. ${HELP}`);
  const caption = document.createElement("div");
  caption.className = "axk-caption";
  caption.setAttribute("aria-live", "polite");
  const context = canvas.getContext("2d");

  const read = () => ({
    size,
    query: model.get("query"),
    target: model.get("target"),
    order: model.get("order"),
    hops: model.get("hops"),
  });
  const write = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const aimAt = (target) => {
    const hops = Math.max(model.get("hops"), hopsNeeded(model.get("query"), target));
    write({ target, hops });
  };
  const clamp = ([y, x]) => [
    Math.max(0, Math.min(size[0] - 1, y)),
    Math.max(0, Math.min(size[1] - 1, x)),
  ];
  const actions = {
    1: () => write({ hops: 1 }),
    2: () => write({ hops: 2 }),
    o: () => write({ order: model.get("order") === "HW" ? "WH" : "HW" }),
    Escape: () => write({ target: [] }),
    Enter: () => model.get("target").length && write({ query: model.get("target"), target: [] }),
  };
  actions.O = actions.o;
  actions[" "] = actions.Enter;

  const oneHop = makeButton("1 hop", actions[1]);
  const twoHops = makeButton("2 hops", actions[2]);
  const order = makeButton("", actions.o);
  const clear = makeButton("clear target", actions.Escape);
  const help = document.createElement("div");
  help.className = "axk-help";
  help.textContent = HELP;

  const update = () => {
    const state = read();
    draw(context, state, cell);
    caption.textContent = describe(state);
    oneHop.setAttribute("aria-pressed", String(state.hops === 1));
    twoHops.setAttribute("aria-pressed", String(state.hops === 2));
    order.textContent = state.order === "HW" ? "order: H, then W" : "order: W, then H";
  };

  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    const point = clamp([
      Math.floor(((event.clientY - box.top) / box.height) * size[0]),
      Math.floor(((event.clientX - box.left) / box.width) * size[1]),
    ]);
    if (model.get("asked") && !model.get("target").length) aimAt(point);
    else write({ query: point, target: [], hops: 1, asked: true });
  });
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const action = actions[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !(step || action)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!step) return action();
    const start = model.get("target").length ? model.get("target") : model.get("query");
    aimAt(clamp([start[0] + step[0], start[1] + step[1]]));
  });

  el.dataset.lmSuppressShortcuts = "true"; // JupyterLab must not take "1" for a heading
  const style = document.createElement("style");
  style.textContent = `
    .axk-canvas { max-width: 100%; cursor: pointer; }
    .axk-canvas:focus-visible { outline: 3px solid #D55E00; outline-offset: 2px; }
    .axk-button { margin: 4px 6px 4px 0; padding: 3px 10px; font: inherit; }
    .axk-button[aria-pressed="true"] { font-weight: bold; outline: 2px solid currentColor; }
    .axk-caption { font-weight: bold; min-height: 1.5em; }
    .axk-help { opacity: 0.75; max-width: 60em; }`;
  const buttons = document.createElement("div");
  buttons.append(oneHop, twoHops, order, clear);
  el.append(style, canvas, buttons, caption, help);
  const watched = ["query", "target", "order", "hops"].map((name) => `change:${name}`);
  watched.forEach((name) => model.on(name, update));
  update();
  return () => watched.forEach((name) => model.off(name, update));
}

export default { render };

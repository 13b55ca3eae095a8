// The paint box: a true street, a prediction to paint, and what the metrics say of it.
// Painting and drawing happen here; the kernel is sent the cells and answers with the scores.
// No network, no libraries.

const CELL = 20;
const WRONG = "#D55E00";
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const HELP =
  "Paint on the lower street with the mouse. Keys: arrows move the cursor, Space paints (hold " +
  "Shift while moving to paint along), 1 to 9 and 0 choose the brush, U takes a stroke back.";

function make(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function makeButton(text, action) {
  const button = make("button", "axk-button", text);
  button.type = "button";
  button.addEventListener("click", action);
  return button;
}

function makeCanvas(width, height) {
  const canvas = make("canvas", "axk-canvas");
  canvas.width = width * CELL + 1;
  canvas.height = height * CELL + 1;
  return canvas;
}

function drawMap(canvas, cells, width, looks, marked) {
  const context = canvas.getContext("2d");
  const at = (y, x) => cells[y * width + x];
  const height = cells.length / width;
  context.lineWidth = 2;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const label = at(y, x);
      context.fillStyle = looks.get(label)?.color ?? "#FFFFFF";
      context.fillRect(x * CELL, y * CELL, CELL, CELL);
      if (marked.has(label)) drawCross(context, y, x, WRONG);
      else if (looks.get(label)?.isVoid ?? true) drawDot(context, y, x);
    }
  }
  context.strokeStyle = "#000000";
  context.beginPath();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x && at(y, x) !== at(y, x - 1)) line(context, x, y, x, y + 1);
      if (y && at(y, x) !== at(y - 1, x)) line(context, x, y, x + 1, y);
    }
  }
  context.stroke();
  writeNames(context, cells, width, looks);
}

function line(context, x0, y0, x1, y1) {
  context.moveTo(x0 * CELL, y0 * CELL);
  context.lineTo(x1 * CELL, y1 * CELL);
}

function drawCross(context, y, x, color) {
  context.strokeStyle = color;
  context.beginPath();
  line(context, x + 0.15, y + 0.15, x + 0.85, y + 0.85);
  line(context, x + 0.85, y + 0.15, x + 0.15, y + 0.85);
  context.stroke();
}

function drawDot(context, y, x) {
  context.fillStyle = "#555555";
  context.fillRect((x + 0.5) * CELL - 1, (y + 0.5) * CELL - 1, 3, 3);
}

// The name stands on the segment's cell that is nearest to its middle.
function writeNames(context, cells, width, looks) {
  context.font = "bold 12px sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const label of new Set(cells)) {
    const points = cells.flatMap((one, i) =>
      one === label ? [[Math.floor(i / width), i % width]] : [],
    );
    const mean = [0, 1].map((k) => points.reduce((sum, p) => sum + p[k], 0) / points.length);
    const far = (p) => Math.abs(p[0] - mean[0]) + Math.abs(p[1] - mean[1]);
    const [y, x] = points.reduce((best, p) => (far(p) < far(best) ? p : best));
    const name = looks.get(label)?.name ?? "void";
    const half = context.measureText(name).width / 2 + 3;
    const middle = Math.min(Math.max((x + 0.5) * CELL, half), width * CELL - half);
    context.fillStyle = "rgba(255, 255, 255, 0.85)";
    context.fillRect(middle - half, (y + 0.5) * CELL - 8, 2 * half, 16);
    context.fillStyle = "#000000";
    context.fillText(name, middle, (y + 0.54) * CELL);
  }
}

function drawCursor(canvas, [y, x]) {
  const context = canvas.getContext("2d");
  for (const [color, width] of [["#FFFFFF", 5], ["#000000", 2]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.strokeRect(x * CELL + 1, y * CELL + 1, CELL - 2, CELL - 2);
  }
}

function showScores(table, scores) {
  table.replaceChildren(
    ...scores.map(([name, percent, change]) => {
      const box = make("div", "axk-score");
      box.append(make("div", "axk-name", name), make("div", "axk-value", percent.toFixed(1)));
      const sign = change > 0 ? "▲ " : change < 0 ? "▼ " : "";
      box.append(make("div", "axk-change", change ? sign + Math.abs(change).toFixed(1) : "no change"));
      return box;
    }),
  );
}

const STYLE = `
  .axk-canvas { display: block; max-width: 100%; margin: 5px 0; }
  .axk-canvas.axk-paint { cursor: crosshair; touch-action: none; }
  .axk-canvas:focus-visible { outline: 3px solid #0072B2; outline-offset: 2px; }
  .axk-button { margin: 3px 5px 3px 0; padding: 3px 8px; font: inherit; }
  .axk-button[aria-pressed="true"] { font-weight: bold; outline: 3px solid #0072B2; }
  .axk-swatch { display: inline-block; width: 0.9em; height: 0.9em; margin-right: 5px;
    border: 1px solid #000000; vertical-align: -0.1em; }
  .axk-scores { display: flex; gap: 24px; margin: 6px 0; }
  .axk-value { font-size: 1.6em; font-weight: bold; }
  .axk-change { min-height: 1.3em; font-size: 0.9em; }
  .axk-help { opacity: 0.8; max-width: 60em; }`;

function render({ model, el }) {
  const width = model.get("width");
  const truth = model.get("truth");
  const height = truth.length / width;
  const looks = new Map(
    model.get("brushes").map(([label, name, color]) => [label, { name, color, isVoid: name === "void" }]),
  );
  const labels = [...looks.keys()];
  let brush = labels[0];
  let cursor = [Math.floor(height / 2), Math.floor(width / 2)];
  let cells = [...model.get("cells")];
  let painting = false;
  const history = [];

  const above = makeCanvas(width, height);
  above.setAttribute("role", "img");
  above.setAttribute("aria-label", "The true street; missed segments are crossed.");
  const below = makeCanvas(width, height);
  below.classList.add("axk-paint");
  below.tabIndex = 0;
  below.setAttribute("role", "application");
  below.setAttribute("aria-label", `The prediction, ${height} by ${width} cells, to paint on. ${HELP}`);
  const table = make("div", "axk-scores");
  const caption = make("div", "axk-caption");
  caption.setAttribute("aria-live", "polite");

  const redraw = () => {
    drawMap(above, truth, width, looks, new Set(model.get("missed")));
    drawMap(below, cells, width, looks, new Set(model.get("wrong")));
    if (document.activeElement === below || below.matches(":focus")) drawCursor(below, cursor);
  };
  const send = () => {
    model.set("cells", [...cells]);
    model.save_changes();
  };
  const begin = () => history.push([...cells]);
  const dab = ([y, x]) => {
    cursor = [y, x];
    cells[y * width + x] = brush;
    redraw();
  };
  const show = (next) => {
    begin();
    cells = [...next];
    redraw();
    send();
  };
  const undo = () => {
    if (!history.length) return;
    cells = history.pop();
    redraw();
    send();
  };

  const brushes = make("div", "axk-brushes");
  const choose = (label) => {
    brush = label;
    [...brushes.children].forEach((button, i) =>
      button.setAttribute("aria-pressed", String(labels[i] === label)),
    );
  };
  labels.forEach((label, i) => {
    const button = makeButton("", () => choose(label));
    const swatch = make("span", "axk-swatch");
    swatch.style.background = looks.get(label).color;
    button.append(swatch, `${(i + 1) % 10} ${looks.get(label).name}`);
    brushes.append(button);
  });
  const presets = make("div", "axk-presets");
  for (const [name, next] of Object.entries(model.get("presets"))) {
    presets.append(makeButton(name, () => show(next)));
  }
  presets.append(makeButton("undo", undo));

  const cellAt = (event) => {
    const box = below.getBoundingClientRect();
    const y = Math.floor(((event.clientY - box.top) / box.height) * height);
    const x = Math.floor(((event.clientX - box.left) / box.width) * width);
    return [Math.max(0, Math.min(height - 1, y)), Math.max(0, Math.min(width - 1, x))];
  };
  below.addEventListener("pointerdown", (event) => {
    below.setPointerCapture(event.pointerId);
    painting = true;
    begin();
    dab(cellAt(event));
  });
  below.addEventListener("pointermove", (event) => painting && dab(cellAt(event)));
  const lift = () => {
    if (painting) send();
    painting = false;
  };
  below.addEventListener("pointerup", lift);
  below.addEventListener("pointercancel", lift);
  below.addEventListener("focus", redraw);
  below.addEventListener("blur", redraw);
  const paintHere = () => {
    begin();
    dab(cursor);
    send();
  };
  below.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const number = event.code?.match(/^(?:Digit|Numpad)(\d)$/)?.[1] ?? event.key.match(/^\d$/)?.[0];
    const known = step || number !== undefined || event.key === " " || event.key.toLowerCase() === "u";
    if (event.ctrlKey || event.metaKey || event.altKey || !known) return;
    event.preventDefault();
    event.stopPropagation();
    if (step) {
      cursor = [
        Math.max(0, Math.min(height - 1, cursor[0] + step[0])),
        Math.max(0, Math.min(width - 1, cursor[1] + step[1])),
      ];
      if (event.shiftKey) paintHere();
      else redraw();
    } else if (number !== undefined) {
      const label = labels[(Number(number) + 9) % 10];
      if (label !== undefined) choose(label);
    } else if (event.key === " ") paintHere();
    else undo();
  });

  el.dataset.lmSuppressShortcuts = "true"; // JupyterLab must not take "1" for a heading
  const style = document.createElement("style");
  style.textContent = STYLE;
  const update = () => {
    showScores(table, model.get("scores"));
    caption.textContent = model.get("says");
    redraw();
  };
  const replaced = () => {
    if (painting) return;
    cells = [...model.get("cells")];
    redraw();
  };
  el.append(
    style, presets, make("div", "axk-label", "truth"), above,
    make("div", "axk-label", "prediction"), below, brushes, table, caption,
    make("div", "axk-help", HELP),
  );
  choose(brush);
  const watched = ["scores", "says", "missed", "wrong"].map((name) => `change:${name}`);
  watched.forEach((name) => model.on(name, update));
  model.on("change:cells", replaced);
  update();
  return () => {
    watched.forEach((name) => model.off(name, update));
    model.off("change:cells", replaced);
  };
}

export default { render };

// The attention explorer: a picture, lit where one of its cells looks, with its two strips as bars.
// Python looks the weights up; everything is drawn here. No network, no libraries.

const COLORS = {
  ground: "#171A21", ink: "#FFFFFF", query: "#D55E00", edge: "#F0E442", row: "#E69F00", column: "#56B4E9",
};
const BARS = 64; // room for the bars above the picture and to its right
const SCALE = 3; // pixels of the canvas for one of the picture
const FULL = 0.1; // a weight at full light, where none is larger
const EDGED = 0.3; // of the strongest: weaker cells get no edge
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const ORDERS = { hw: "H hop first, then W", wh: "W hop first, then H (not what this network does)" };
const HELP =
  "Click a cell to ask from it; or press Tab until the picture has a frame and move with the arrow keys. " +
  "Orange bars: its row. Blue bars: its column.";
let count = 0; // of explorers on the page: labels need ids

// The picture twice, dark and bright, each on a canvas of its own.
function paint(bytes, [height, width], shade) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const rgb = shade(bytes.getUint8(3 * i), bytes.getUint8(3 * i + 1), bytes.getUint8(3 * i + 2));
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = rgb[c];
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

const darken = (r, g, b) => [0.3, 0.33, 0.4].map((f) => (f * (r + g + b)) / 3 + 10);
const brighten = (...rgb) => rgb.map((v) => Math.min(255, 1.1 * v + 22));

function read(view, [rows, columns]) {
  const all = Array.from({ length: rows * columns + rows + columns }, (_, i) => view.getFloat32(4 * i, true));
  return {
    both: all.slice(0, rows * columns),
    column: all.slice(rows * columns, rows * columns + rows),
    row: all.slice(rows * columns + rows),
  };
}

// What is lit: both hops, or the cross of one hop.
function lit({ both, column, row }, [, columns], [y, x], hops) {
  if (hops === 2) return both;
  return both.map((_, i) => {
    const [cy, cx] = [Math.floor(i / columns), i % columns];
    return Math.max(cy === y ? row[cx] : 0, cx === x ? column[cy] : 0);
  });
}

function label(context, text, x, y, align = "center", baseline = "alphabetic") {
  context.font = "bold 15px sans-serif";
  context.textAlign = align;
  context.textBaseline = baseline;
  context.lineWidth = 4;
  context.strokeStyle = "#000000";
  context.strokeText(text, x, y);
  context.fillStyle = COLORS.ink;
  context.fillText(text, x, y);
}

const percent = (share) => `${Math.round(100 * share)} %`;

function drawBars(context, values, color, place) {
  const longest = Math.max(...values);
  values.forEach((value, i) => {
    context.fillStyle = color;
    const [x, y, width, height] = place(i, value / longest);
    context.fillRect(x, y, width, height);
  });
}

function draw(context, pictures, state) {
  const [height, width] = state.picture.map((side) => side * SCALE);
  const [rows, columns] = state.size;
  const pitch = [(height - SCALE) / (rows - 1), (width - SCALE) / (columns - 1)];
  const [cellY, cellX] = state.cell;
  const weights = lit(state.weights, state.size, state.cell, state.hops);
  const strongest = Math.max(...weights, FULL);
  context.fillStyle = COLORS.ground;
  context.fillRect(0, 0, width + BARS, height + BARS);
  context.save();
  context.translate(0, BARS);
  context.imageSmoothingEnabled = false;
  context.drawImage(pictures.dark, 0, 0, width, height);
  const box = (y, x) => [(x - 0.5) * pitch[1], (y - 0.5) * pitch[0], pitch[1], pitch[0]];
  context.save();
  context.beginPath();
  context.rect(0, 0, width, height);
  context.clip();
  weights.forEach((weight, i) => {
    const [x, y, w, h] = box(Math.floor(i / columns), i % columns);
    context.globalAlpha = Math.sqrt(weight / strongest);
    context.drawImage(pictures.bright, x / SCALE, y / SCALE, w / SCALE, h / SCALE, x, y, w, h);
    if (weight > EDGED * strongest) {
      context.globalAlpha = weight / strongest;
      context.strokeStyle = COLORS.edge;
      context.lineWidth = 2;
      context.strokeRect(x + 2, y + 2, w - 4, h - 4);
    }
  });
  context.globalAlpha = 1;
  for (const [color, line] of [["#FFFFFF", 7], [COLORS.query, 4]]) {
    context.strokeStyle = color;
    context.lineWidth = line;
    context.strokeRect(...box(cellY, cellX));
  }
  context.restore();
  const best = weights.indexOf(Math.max(...weights));
  const [bestX, bestY] = box(Math.floor(best / columns), best % columns);
  const textX = Math.min(Math.max(bestX + pitch[1] / 2, 24), width - 24);
  label(context, percent(weights[best]), textX, bestY > 14 ? bestY - 6 : bestY + pitch[0] + 20);
  context.restore();
  const room = BARS - 22;
  drawBars(context, state.weights.row, COLORS.row, (i, share) => [
    (i - 0.42) * pitch[1], BARS - 3 - room * share, 0.84 * pitch[1], room * share,
  ]);
  drawBars(context, state.weights.column, COLORS.column, (i, share) => [
    width + 3, BARS + (i - 0.42) * pitch[0], room * share, 0.84 * pitch[0],
  ]);
  label(context, "row", 8, 20, "left");
  label(context, "column", width + BARS - 3, 20, "right");
}

function control(kind, text, options, change) {
  const id = `axk-look-${count}-${text.replace(/\W/g, "")}`;
  const name = document.createElement("label");
  name.htmlFor = id;
  name.textContent = text;
  const input = document.createElement(kind);
  input.id = id;
  for (const [value, shown] of options) input.append(new Option(shown, value));
  input.addEventListener(kind === "input" ? "input" : "change", () => change(Number(input.value)));
  const box = document.createElement("span");
  box.className = "axk-look-control";
  box.append(name, input);
  return { box, input };
}

function button(action) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "axk-look-button";
  element.addEventListener("click", action);
  return element;
}

function render({ model, el }) {
  count += 1;
  const picture = model.get("picture_size");
  const pictures = {
    dark: paint(model.get("picture"), picture, darken),
    bright: paint(model.get("picture"), picture, brighten),
  };
  const canvas = document.createElement("canvas");
  canvas.className = "axk-look-canvas";
  canvas.width = picture[1] * SCALE + BARS;
  canvas.height = picture[0] * SCALE + BARS;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `Where a cell of the picture looks. ${HELP}`);
  const context = canvas.getContext("2d");
  let hops = 2;
  const write = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const clamp = (cell) => cell.map((v, i) => Math.max(0, Math.min(model.get("map_size")[i] - 1, v)));

  const layers = model.get("layers");
  const layer = control("input", "Layer", [], (value) => write({ layer: value }));
  Object.assign(layer.input, { type: "range", min: 0, max: layers.length - 1, step: 1 });
  const layerName = document.createElement("output");
  layerName.htmlFor = layer.input.id;
  layer.box.append(layerName);
  const choices = [[-1, "mean of all"], ...Array.from({ length: model.get("heads") }, (_, i) => [i, `head ${i}`])];
  const down = control("select", "H hop", choices, (value) => write({ height_head: value }));
  const across = control("select", "W hop", choices, (value) => write({ width_head: value }));
  const order = button(() => write({ order: model.get("order") === "hw" ? "wh" : "hw" }));
  const shown = button(() => { hops = 3 - hops; update(); });
  const caption = document.createElement("div");
  caption.className = "axk-look-caption";
  caption.setAttribute("aria-live", "polite");
  const help = document.createElement("div");
  help.className = "axk-look-help";
  help.textContent = HELP;

  const update = () => {
    const size = model.get("map_size");
    draw(context, pictures, {
      picture, size, cell: model.get("cell"), weights: read(model.get("weights"), size), hops,
    });
    layer.input.value = model.get("layer");
    layer.input.setAttribute("aria-valuetext", layers[model.get("layer")]);
    layerName.textContent = layers[model.get("layer")];
    down.input.value = model.get("height_head");
    across.input.value = model.get("width_head");
    order.textContent = ORDERS[model.get("order")];
    shown.textContent = hops === 2 ? "shown: both hops" : "shown: one hop";
    caption.textContent = model.get("caption");
  };
  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    const zoom = canvas.width / box.width;
    const [rows, columns] = model.get("map_size");
    const y = ((event.clientY - box.top) * zoom - BARS) / (picture[0] * SCALE);
    const x = ((event.clientX - box.left) * zoom) / (picture[1] * SCALE);
    if (y < 0 || x > 1) return; // on the bars
    write({ cell: clamp([Math.round(y * (rows - 1)), Math.round(x * (columns - 1))]) });
  });
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || !plain(event)) return;
    event.preventDefault();
    event.stopPropagation();
    write({ cell: clamp(model.get("cell").map((v, i) => v + step[i])) });
  });

  el.dataset.lmSuppressShortcuts = "true"; // keys belong to the explorer, not to JupyterLab
  const plain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== "Escape";
  const style = document.createElement("style");
  style.textContent = `
    .axk-look-canvas { max-width: 100%; cursor: crosshair; border-radius: 6px; }
    .axk-look-canvas:focus-visible { outline: 3px solid #D55E00; outline-offset: 2px; }
    .axk-look-controls { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: center; margin: 6px 0; }
    .axk-look-control { display: inline-flex; gap: 6px; align-items: center; }
    .axk-look-control output { min-width: 8em; }
    .axk-look-button { padding: 3px 10px; font: inherit; }
    .axk-look-caption { font-weight: bold; min-height: 3em; max-width: 60em; }
    .axk-look-help { opacity: 0.75; max-width: 60em; }`;
  const controls = document.createElement("div");
  controls.className = "axk-look-controls";
  // a notebook would take the arrow keys of the slider for its own
  controls.addEventListener("keydown", (event) => plain(event) && event.stopPropagation());
  controls.append(layer.box, down.box, across.box, order, shown);
  el.append(style, controls, canvas, caption, help);
  const watched = ["cell", "layer", "height_head", "width_head", "order", "weights", "caption"];
  watched.forEach((name) => model.on(`change:${name}`, update));
  update();
  return () => watched.forEach((name) => model.off(`change:${name}`, update));
}

export default { render };

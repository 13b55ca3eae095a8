// The pair explorer: a line with a query Q and a key K, the index of all pairs, the table's rows.
// Everything is drawn here; the kernel only hears which pair it is. No network, no libraries.

const COLORS = { paper: "#F4F4F2", line: "#C9C9C4", query: "#D55E00", key: "#000000", faint: "#77776F" };
const RAMP = ["#00224E", "#123570", "#3B496C", "#575D6D", "#707173", "#8A8678", "#A59C74", "#C3B369", "#E1CC55", "#FEE838"];
const SIZE = { width: 900, height: 520, strip: 56, top: 96, square: 400, bars: 590 };
const KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const HELP =
  "Click a cell of the square to choose a pair. Keys: left and right move the key, up and down move the query, " +
  "d moves both (D moves them back), plus and minus change the length.";

const signed = (n) => (n > 0 ? `+${n}` : n < 0 ? `−${-n}` : "0");
const inWords = (n) => (n === 0 ? "the key is the query itself" : `the key lies ${Math.abs(n)} to the ${n > 0 ? "right" : "left"}`);

function shade(row, length) {
  const place = (row / (2 * length - 2)) * (RAMP.length - 1);
  const low = Math.min(Math.floor(place), RAMP.length - 2);
  const share = place - low;
  const part = (hex, at) => parseInt(hex.slice(at, at + 2), 16);
  const mix = [1, 3, 5].map((at) => Math.round(part(RAMP[low], at) * (1 - share) + part(RAMP[low + 1], at) * share));
  return `rgb(${mix.join(",")})`;
}
const inkOn = (row, length) => (row / (2 * length - 2) < 0.55 ? "#FFFFFF" : "#000000");

function describe({ length, query, key }) {
  const distance = key - query;
  const pairs = length - Math.abs(distance);
  return (
    `Query ${query}, key ${key}: ${key} − ${query} = ${signed(distance)}, ${inWords(distance)}. ` +
    `Row ${signed(distance)} + ${length - 1} = ${distance + length - 1} of ${2 * length - 1}, ` +
    `shared by ${pairs} ${pairs === 1 ? "pair" : "pairs"}.`
  );
}

function write(context, text, x, y, { size = 14, color = "#000000", align = "center", bold = false } = {}) {
  context.fillStyle = color;
  context.font = `${bold ? "bold " : ""}${size}px sans-serif`;
  context.textAlign = align;
  context.textBaseline = "middle";
  context.fillText(text, x, y + 1);
}

function box(context, x, y, width, height, fill, edge = COLORS.line, thick = 1) {
  context.fillStyle = fill;
  context.fillRect(x, y, width, height);
  context.strokeStyle = edge;
  context.lineWidth = thick;
  context.strokeRect(x, y, width, height);
}

function drawStrip(context, { length, query, key }) {
  const cell = (SIZE.width - 20) / length;
  for (let place = 0; place < length; place++) {
    const isQuery = place === query;
    const isKey = place === key;
    const fill = isQuery ? COLORS.query : isKey ? COLORS.key : COLORS.paper;
    const letter = isQuery && isKey ? "Q=K" : isQuery ? "Q" : isKey ? "K" : String(place);
    box(context, 10 + place * cell, 8, cell, 40, fill);
    const style = isQuery || isKey ? { color: "#FFFFFF", bold: true } : { color: COLORS.faint };
    write(context, letter, 10 + (place + 0.5) * cell, 28, style);
  }
}

function drawMatrix(context, { length, query, key }) {
  const cell = SIZE.square / length;
  const left = 60;
  write(context, "key j", left + SIZE.square / 2, SIZE.top - 26, { bold: true });
  context.save();
  context.translate(14, SIZE.top + SIZE.square / 2);
  context.rotate(-Math.PI / 2);
  write(context, "query i", 0, 0, { bold: true });
  context.restore();
  const step = length > 16 ? 4 : 1;
  for (let i = 0; i < length; i++) {
    if (i % step === 0) {
      write(context, String(i), left - 14, SIZE.top + (i + 0.5) * cell);
      write(context, String(i), left + (i + 0.5) * cell, SIZE.top - 10);
    }
    for (let j = 0; j < length; j++) {
      const row = j - i + length - 1;
      box(context, left + j * cell, SIZE.top + i * cell, cell, cell, shade(row, length));
      const size = Math.min(16, cell * 0.5);
      write(context, String(row), left + (j + 0.5) * cell, SIZE.top + (i + 0.5) * cell, { size, color: inkOn(row, length) });
    }
  }
  for (const [edge, thick] of [["#FFFFFF", 7], [COLORS.query, 4]]) {
    context.strokeStyle = edge;
    context.lineWidth = thick;
    context.strokeRect(left + key * cell, SIZE.top + query * cell, cell, cell);
  }
}

function drawTable(context, { length, query, key }) {
  const rows = 2 * length - 1;
  const height = SIZE.square / rows;
  const chosen = key - query + length - 1;
  const widest = SIZE.width - SIZE.bars - 70;
  const step = Math.ceil(15 / height);
  write(context, `table: ${rows} rows (a bar: how many pairs use it)`, 480, SIZE.top - 26, { align: "left", bold: true });
  for (let row = 0; row < rows; row++) {
    const y = SIZE.top + row * height;
    const isChosen = row === chosen;
    const pairs = length - Math.abs(row - length + 1);
    const fill = shade(row, length);
    box(context, SIZE.bars, y + 0.5, (pairs / length) * widest, height - 1, fill);
    const near = Math.abs(row - chosen) < step;
    if (isChosen || (!near && (row - length + 1) % step === 0)) {
      const style = { align: "right", size: 13, bold: isChosen, color: isChosen ? COLORS.query : "#000000" };
      write(context, `row ${row}: ${signed(row - length + 1)}`, SIZE.bars - 8, y + height / 2, style);
    }
  }
  const width = ((length - Math.abs(key - query)) / length) * widest;
  context.strokeStyle = COLORS.query;
  context.lineWidth = 4;
  context.strokeRect(SIZE.bars, SIZE.top + chosen * height, width, height);
}

function draw(context, state) {
  context.fillStyle = "#FFFFFF";
  context.fillRect(0, 0, SIZE.width, SIZE.height);
  drawStrip(context, state);
  drawMatrix(context, state);
  drawTable(context, state);
}

function makeButton(text, label, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.className = "axk-button";
  button.setAttribute("aria-label", label);
  button.addEventListener("click", action);
  return button;
}

function render({ model, el }) {
  const canvas = document.createElement("canvas");
  canvas.className = "axk-canvas";
  const sharp = Math.max(1, window.devicePixelRatio || 1);
  canvas.width = SIZE.width * sharp;
  canvas.height = SIZE.height * sharp;
  canvas.style.width = `${SIZE.width}px`;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `Distances on a line, and the rows of their table. ${HELP}`);
  const context = canvas.getContext("2d");
  context.scale(sharp, sharp);
  const caption = document.createElement("div");
  caption.className = "axk-caption";
  caption.setAttribute("aria-live", "polite");
  const help = document.createElement("div");
  help.className = "axk-help";
  help.textContent = HELP;

  const read = () => {
    const length = model.get("length");
    const onLine = (name) => Math.min(model.get(name), length - 1);
    return { length, query: onLine("query"), key: onLine("key") };
  };
  const choose = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const move = (dy, dx) => {
    const { length, query, key } = read();
    const inside = (place) => place >= 0 && place < length;
    if (inside(query + dy) && inside(key + dx)) choose({ query: query + dy, key: key + dx });
  };
  const resize = (step) => {
    const { length, query, key } = read();
    const longer = Math.max(model.get("shortest"), Math.min(model.get("longest"), length + step));
    choose({ length: longer, query: Math.min(query, longer - 1), key: Math.min(key, longer - 1) });
  };
  const actions = { "+": () => resize(1), "=": () => resize(1), "-": () => resize(-1), d: () => move(1, 1), D: () => move(-1, -1) };

  const update = () => {
    const state = read();
    draw(context, state);
    caption.textContent = describe(state);
  };

  canvas.addEventListener("click", (event) => {
    const { length } = read();
    const frame = canvas.getBoundingClientRect();
    const x = ((event.clientX - frame.left) / frame.width) * SIZE.width - 60;
    const y = ((event.clientY - frame.top) / frame.height) * SIZE.height - SIZE.top;
    const [key, query] = [x, y].map((at) => Math.floor((at / SIZE.square) * length));
    if (Math.min(key, query) >= 0 && Math.max(key, query) < length) choose({ query, key });
  });
  canvas.addEventListener("keydown", (event) => {
    const action = KEYS[event.key] ? () => move(...KEYS[event.key]) : actions[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });

  el.dataset.lmSuppressShortcuts = "true"; // JupyterLab must not take "d" for delete
  const style = document.createElement("style");
  style.textContent = `
    .axk-canvas { max-width: 100%; cursor: pointer; }
    .axk-canvas:focus-visible { outline: 3px solid #D55E00; outline-offset: 2px; }
    .axk-button { margin: 4px 6px 4px 0; padding: 3px 10px; font: inherit; }
    .axk-caption { font-weight: bold; min-height: 1.5em; }
    .axk-help { opacity: 0.75; max-width: 60em; }`;
  const buttons = document.createElement("div");
  buttons.append(
    makeButton("shorter line", "one place less", actions["-"]),
    makeButton("longer line", "one place more", actions["+"]),
    makeButton("move both", "query and key one place further", actions.d),
    makeButton("move both back", "query and key one place back", actions.D),
  );
  el.append(style, canvas, buttons, caption, help);
  const watched = ["length", "query", "key"].map((name) => `change:${name}`);
  watched.forEach((name) => model.on(name, update));
  update();
  return () => watched.forEach((name) => model.off(name, update));
}

export default { render };

// What Gradio's controls lack: clicks on pictures that are shown enlarged (it takes them for
// unscaled), keyboards and screen readers. No request is made here.
() => {
  const moves = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" };
  const steps = { up: ["y", -1], down: ["y", 1], left: ["x", -1], right: ["x", 1] };
  const pictures = ["#street", "#overlay"]; // both show the same view, in different sizes

  // the pixel of the street under a click; null beside the picture, which is fitted into its frame
  const pixelUnder = (event, shown) => {
    const street = document.querySelector("#street img");
    if (!street || !shown.naturalWidth) return null;
    const frame = shown.getBoundingClientRect();
    const scale = Math.min(frame.width / shown.naturalWidth, frame.height / shown.naturalHeight);
    const place = (at, start, side, natural, pixels) => {
      const share = (at - start - (side - natural * scale) / 2) / (natural * scale);
      return share < 0 || share >= 1 ? null : Math.floor(share * pixels);
    };
    const y = place(event.clientY, frame.top, frame.height, shown.naturalHeight, street.naturalHeight);
    const x = place(event.clientX, frame.left, frame.width, shown.naturalWidth, street.naturalWidth);
    return y === null || x === null ? null : { y, x };
  };

  const fill = (side, value) => {
    const box = document.querySelector(`#${side} input`);
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, value);
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const clicked = (event) => {
    if (event.target.tagName !== "IMG") return;
    const pixel = pixelUnder(event, event.target);
    if (!pixel) return;
    event.stopPropagation();
    fill("y", pixel.y);
    fill("x", pixel.x);
    look();
  };

  // the next cell: the server tells how many pixels lie between two centers, and where the last is
  const step = (side, by) => {
    const facts = document.querySelector("#facts [data-pitch-y]")?.dataset;
    if (!facts) return;
    const [pitch, last] = side === "y" ? [facts.pitchY, facts.lastY] : [facts.pitchX, facts.lastX];
    const box = document.querySelector(`#${side} input`);
    const there = Math.round((Math.round(box.value / pitch) + by) * pitch);
    fill(side, Math.min(Math.max(there, 0), last));
    look();
  };

  let waiting;
  const look = () => {
    clearTimeout(waiting); // once the boxes have told, and once for keys that are held
    waiting = setTimeout(() => document.querySelector("#go").click(), 60);
  };

  const pressed = (event) => {
    if (event.target !== event.currentTarget || !moves[event.key]) return;
    event.preventDefault();
    step(...steps[moves[event.key]]);
  };

  const prepare = () => {
    // arrow keys on a picture move the asking pixel by one cell
    for (const id of [...pictures, "#attention"]) {
      const frame = document.querySelector(id);
      if (!frame || frame.dataset.keys) continue;
      frame.dataset.keys = "yes";
      frame.tabIndex = 0;
      frame.setAttribute("role", "group");
      frame.setAttribute("aria-label", "Picture. Arrow keys move the asking pixel by one cell.");
      frame.addEventListener("keydown", pressed);
      if (pictures.includes(id)) frame.addEventListener("click", clicked, true);
    }
    for (const [name, [side, by]] of Object.entries(steps)) {
      const button = document.querySelector(`#${name}`);
      if (!button || button.dataset.keys) continue;
      button.dataset.keys = "yes";
      button.addEventListener("click", () => step(side, by));
    }
    document.querySelectorAll("#examples button").forEach((button, number) => {
      button.setAttribute("aria-label", `Example ${number + 1}: a drawn street`);
    });
    // a new description is read aloud when it arrives
    for (const id of ["#words", "#note", "#facts", "#compared", "#scored", "#group-words"]) {
      const said = document.querySelector(id);
      if (said && !said.hasAttribute("aria-live")) said.setAttribute("aria-live", "polite");
    }
  };

  prepare();
  // tabs are built when they are first opened
  new MutationObserver(prepare).observe(document.body, { childList: true, subtree: true });
}

// Keys that a control knows stay with it: the notebook would move its cells by them.

const KEYS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", " "];
const FRAMES = 600; // to wait until the box is on the page

function isKept(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
  const isLetter = event.key.length === 1; // jumps to an entry of a list
  return KEYS.includes(event.key) || (event.target.tagName === "SELECT" && isLetter);
}

function render({ el }) {
  el.style.display = "none";
  let frames = 0;
  const claim = () => {
    const box = el.closest(".widget-vbox");
    if (!box) {
      frames += 1;
      if (frames < FRAMES) requestAnimationFrame(claim);
      return;
    }
    box.classList.add("axk-box");
    box.addEventListener("keydown", (event) => isKept(event) && event.stopPropagation());
  };
  claim();
}

export default { render };

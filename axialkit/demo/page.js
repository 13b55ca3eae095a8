// What Gradio's controls lack for keyboards and screen readers. No request is made here.
() => {
  const moves = { ArrowUp: "#up", ArrowDown: "#down", ArrowLeft: "#left", ArrowRight: "#right" };

  const pressed = (event) => {
    if (event.target !== event.currentTarget || !moves[event.key]) return;
    event.preventDefault();
    document.querySelector(moves[event.key]).click();
  };

  const prepare = () => {
    // arrow keys on a picture move the asking pixel by one cell
    for (const id of ["#street", "#overlay", "#attention"]) {
      const frame = document.querySelector(id);
      if (!frame || frame.dataset.keys) continue;
      frame.dataset.keys = "yes";
      frame.tabIndex = 0;
      frame.setAttribute("role", "group");
      frame.setAttribute("aria-label", "Picture. Arrow keys move the asking pixel by one cell.");
      frame.addEventListener("keydown", pressed);
    }
    // a new description is read aloud when it arrives
    for (const id of ["#words", "#note", "#compared", "#scored", "#group-words"]) {
      document.querySelector(id)?.setAttribute("aria-live", "polite");
    }
  };

  prepare();
  // tabs are built when they are first opened
  new MutationObserver(prepare).observe(document.body, { childList: true, subtree: true });
}

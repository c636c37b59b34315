// Plays slides: one at a time, what waits is revealed piece by piece, and a page inside a slide starts when it is reached.
(() => {
  const slides = [...document.querySelectorAll("section")];
  const [back, on] = document.querySelectorAll("nav button");
  const counter = document.querySelector("nav output");
  if (!(back instanceof HTMLButtonElement && on instanceof HTMLButtonElement && counter)) return;
  document.documentElement.classList.add("played");
  let at = 0;

  /** @param {number} number */
  const show = (number) => {
    at = Math.max(0, Math.min(slides.length - 1, number));
    slides.forEach((slide, index) => slide.classList.toggle("now", index === at));
    for (const frame of slides[at].querySelectorAll("iframe")) {
      if (!frame.srcdoc) frame.srcdoc = frame.dataset.page ?? "";
    }
    counter.textContent = `${at + 1} / ${slides.length}`;
    history.replaceState(null, "", `#${at + 1}`);
    back.disabled = at === 0;
    slides[at].scrollTop = 0;
    slides[at].focus({ preventScroll: true });
  };

  const hidden = () => slides[at].querySelector(".waiting");

  /** Reveals what waits, else scrolls to what is below, else goes on. */
  const forward = () => {
    const slide = slides[at];
    const next = hidden();
    const below = slide.scrollHeight - slide.clientHeight - slide.scrollTop;
    if (next instanceof HTMLElement) {
      next.classList.remove("waiting");
      next.scrollIntoView({ block: "nearest" });
    } else if (below > 8) slide.scrollBy(0, slide.clientHeight * 0.8);
    else if (at < slides.length - 1) show(at + 1);
  };

  /** Goes back; a slide that was left stays as it was left. */
  const backward = () => {
    if (at > 0) show(at - 1);
  };

  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowRight: forward,
    PageDown: forward,
    " ": forward,
    ArrowLeft: backward,
    PageUp: backward,
    Home: () => show(0),
    End: () => show(slides.length - 1),
    n: () => document.body.classList.toggle("notes"),
    f: () => void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
  };
  document.addEventListener("keydown", (event) => {
    const busy = event.target instanceof Element && event.target.closest("button, summary, input") !== null;
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in keys) || (busy && event.key === " ")) return;
    event.preventDefault();
    keys[event.key]();
  });
  on.addEventListener("click", forward);
  back.addEventListener("click", backward);
  window.addEventListener("hashchange", () => show(Number(location.hash.slice(1)) - 1 || 0));

  // A page inside of a frame tells how tall it is; nothing but a number is taken from it.
  window.addEventListener("message", ({ source, data }) => {
    const height = Number(data?.gadHeight);
    for (const frame of document.querySelectorAll("iframe")) {
      if (frame.contentWindow === source && height > 0 && height < 10000) frame.style.height = `${Math.ceil(height) + 4}px`;
    }
  });
  show(Number(location.hash.slice(1)) - 1 || 0);
})();

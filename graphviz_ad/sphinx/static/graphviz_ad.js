// Tells each framed explorer of the document's theme, and gives it the height that it asks for.
(() => {
  const frames = () => /** @type {NodeListOf<HTMLIFrameElement>} */ (document.querySelectorAll(".gad-figure .gad-frame"));

  /** @param {HTMLIFrameElement} frame What the style sheet has found out; nothing secret, so that anybody may hear it. */
  const tell = (frame) => frame.contentWindow?.postMessage({ gadTheme: getComputedStyle(frame).colorScheme }, "*");
  const tellAll = () => frames().forEach(tell);

  addEventListener("message", ({ source, data }) => {
    const height = Number(data?.gadHeight);
    if (!(height > 0 && height < 10000)) return;
    for (const frame of frames()) {
      if (frame.contentWindow !== source) continue;
      frame.height = String(Math.ceil(height) + 2); // and its border
      tell(frame);
    }
  });
  // The button of a theme sets data-theme on one of these two.
  const watch = new MutationObserver(tellAll);
  for (const element of [document.documentElement, document.body]) watch.observe(element, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tellAll);
})();

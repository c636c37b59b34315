// Plays the page in place of the still picture in a finished document, such as nbconvert's: there no widget comes alive.
(() => {
  const frame = document.currentScript?.previousElementSibling;
  // A finished document is still being read when this runs; in a live notebook outputs come into a page that is complete.
  if (document.readyState !== "loading" || !(frame instanceof HTMLIFrameElement)) return;

  /** @param {MessageEvent} event The frame has an origin of its own: nothing is taken from it but a number. */
  const fit = ({ source, data }) => {
    const height = source === frame.contentWindow ? Number(data?.gadHeight) : NaN;
    if (height > 0 && height < 10000) frame.height = String(Math.ceil(height));
  };

  // The page wears the document's theme: what Jupyter's templates say it is, else light where nothing is said.
  const plain = getComputedStyle(document.body).colorScheme === "normal";
  const light = document.body.dataset.jpThemeLight ?? (plain ? "true" : "");
  const body = '<body class="gad-page"';
  const themed = light === "true" || light === "false" ? `${body} data-jp-theme-light="${light}"` : body;
  window.addEventListener("message", fit);
  frame.srcdoc = (frame.dataset.gadPage ?? "").replace(body, () => themed); // still.html hides the picture from now on
})();

// Speaks with the document around a frame: without the rights of its origin neither side can look into the other.

/**
 * Tells how tall this page is, and wears the theme that it is told. Only a number and a word travel, and anybody may hear
 * them; static/still.js and the script of the Sphinx extension make the frame as tall.
 */
export function tellHeight() {
  if (window.parent === window) return;
  const page = document.documentElement;
  const tell = () => window.parent.postMessage({ gadHeight: Math.ceil(page.getBoundingClientRect().height) }, "*");
  new ResizeObserver(tell).observe(page);
  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent || !["light", "dark"].includes(data?.gadTheme)) return;
    document.body.dataset.jpThemeLight = String(data.gadTheme === "light");
  });
}

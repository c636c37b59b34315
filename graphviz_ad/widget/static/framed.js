// Tells the document around a frame how tall the page in it is: without the rights of its origin it cannot look itself.

/** Only a number is told, and anybody may hear it; static/still.js makes the frame as tall. */
export function tellHeight() {
  if (window.parent === window) return;
  const page = document.documentElement;
  const tell = () => window.parent.postMessage({ gadHeight: Math.ceil(page.getBoundingClientRect().height) }, "*");
  new ResizeObserver(tell).observe(page);
}

// The help panel: every key, and what the signs mean.

import { element, icon } from "./dom.js";
import { viewCommandOf } from "./keys.js";
import { WORDS } from "./words.js";

/** @import {Host, Tool} from "./types.js" */

const HELP_ICON = "M11 17h2v2h-2z M12 5a4.5 4.5 0 0 0-4.5 4.5h2a2.5 2.5 0 1 1 3.9 2.1C12.1 12.5 11 13.3 11 15v.6h2V15c0-.7.5-1.1 1.5-1.800A4.5 4.5 0 0 0 12 5z";

/** @param {Host} host @returns {Tool} */
export function makeHelp(host) {
  const { signal } = host;
  const words = WORDS.help;
  const heading = `${host.id}-help`;
  const button = element("button", { type: "button", class: "gad-button", "aria-label": words.open, title: `${words.open} (?)`, "aria-haspopup": "dialog" }, [
    icon(HELP_ICON),
  ]);
  const close = element("button", { type: "button", class: "gad-command gad-help-close" }, [words.close]);
  // a dialog of the browser's own keeps the focus inside, closes with Escape and gives the focus back
  const dialog = element("dialog", { class: "gad-help", "aria-labelledby": heading });
  host.root.append(dialog);
  close.addEventListener("click", () => dialog.close(), { signal });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  }, { signal });
  dialog.addEventListener("keydown", (event) => event.stopPropagation(), { signal }); // no step is made behind it

  function draw() {
    const taken = new Set(host.keysTaken);
    /** @param {string[]} keys */
    const kbd = (keys) => keys.flatMap((key, at) => (at ? [" ", element("kbd", {}, [key])] : [element("kbd", {}, [key])]));
    const sections = words.keys.map(({ title, rows }) => {
      const shown = rows.filter(({ needs }) => !needs || taken.has(needs));
      if (shown.length === 0) return "";
      return element("section", {}, [
        element("h3", {}, [title]),
        element("dl", { class: "gad-help-keys" }, shown.flatMap(({ keys, text }) => [element("dt", {}, kbd(keys)), element("dd", {}, [text])])),
      ]);
    });
    const signs = element("section", {}, [
      element("h3", {}, [words.signs]),
      element("dl", { class: "gad-help-signs" }, words.meanings.flatMap(({ sign, kind, text }) => [
        element("dt", { class: `gad-help-${kind}` }, [sign]),
        element("dd", {}, [text]),
      ])),
    ]);
    dialog.replaceChildren(
      element("div", { class: "gad-help-inside" }, [
        element("div", { class: "gad-help-head" }, [element("h2", { id: heading }, [words.title]), close]),
        element("div", { class: "gad-help-columns" }, [...sections, signs]),
      ]),
    );
  }

  function open() {
    if (dialog.open) return;
    draw();
    dialog.showModal();
    close.focus();
  }
  button.addEventListener("click", open, { signal });
  host.keysTaken.push("?");
  host.keys.push((event) => {
    if (viewCommandOf(event, false) !== "help") return false;
    open();
    return true;
  });

  return { element: button, update() {} };
}

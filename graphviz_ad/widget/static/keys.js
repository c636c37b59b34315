// What a key asks for.

/** @typedef {{key: string, ctrlKey?: boolean, altKey?: boolean, metaKey?: boolean, shiftKey?: boolean}} Key */

/**
 * What a key asks of the player; null where it is none of its keys.
 * @param {Key} event
 * @returns {"first" | "back" | "play" | "forward" | "last" | null}
 */
export function commandOf(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return null;
  switch (event.key) {
    case "Home":
      return "first";
    case "ArrowLeft":
      return "back";
    case " ":
      return "play";
    case "ArrowRight":
      return "forward";
    case "End":
      return "last";
    default:
      return null;
  }
}

/**
 * What a key asks for besides playing; null where it is none of these keys. Presenters send PageUp, PageDown and a dot
 * or b for a blank screen; in a page that scrolls those keys have another meaning, so they count in a lecture alone.
 * @param {Key} event @param {boolean} lecturing
 * @returns {"help" | "lecture" | "leave" | "numbers" | "blank" | "back" | "forward" | null}
 */
export function viewCommandOf(event, lecturing) {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  switch (event.key) {
    case "?":
      return "help";
    case "l":
    case "L":
      return lecturing ? "leave" : "lecture";
  }
  if (!lecturing) return null;
  switch (event.key) {
    case "Escape":
      return "leave";
    case "n":
    case "N":
      return "numbers";
    case ".":
    case "b":
    case "B":
      return "blank";
    case "PageUp":
      return "back";
    case "PageDown":
      return "forward";
    default:
      return null;
  }
}

/**
 * The step and the view that a link to a page names: "#step=12", "#lecture", "#step=12&lecture".
 * @param {string} hash @returns {{step: number | null, lecture: boolean}}
 */
export function linked(hash) {
  const parts = hash.replace(/^#/, "").split("&");
  const step = parts.map((part) => /^step=(\d{1,9})$/.exec(part)).find(Boolean);
  return { step: step ? Number(step[1]) : null, lecture: parts.includes("lecture") };
}

// Unpacks the front end of a page and starts it; only this much, and inflate.js, stands in the page as it is.

import { unpacked } from "./inflate.js";

const app = unpacked(document.getElementById("gad-app")?.textContent ?? "");
const sheet = new CSSStyleSheet();
sheet.replaceSync(app.style);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
const starter = document.createElement("script"); // it runs at once; the page's policy knows its hash
starter.textContent = app.script;
document.head.append(starter);

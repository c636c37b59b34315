// Unpacks the front end of a page and starts it; only this much stands in the page as it is.
const packed = document.getElementById("gad-app")?.textContent ?? "";
const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
const { script, style } = await new Response(stream).json();
const sheet = new CSSStyleSheet();
sheet.replaceSync(style);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
const { startPage } = await import(address);
URL.revokeObjectURL(address);
startPage();

export {};

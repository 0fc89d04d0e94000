// Small helpers to build the page. Text is only ever set as text.

export const byId = (id) => document.getElementById(id);

export function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  const { className, text, attributes = {}, on = {} } = options;
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  element.append(...children);
  return element;
}

const PATHS = {
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  close: "m6 9 6 6 6-6",
  cross: "m6 6 12 12M18 6 6 18",
  down: "m6 9 6 6 6-6",
  restart: "M12 5v14M5 12h14",
  person:
    "M4 14v-2a8 8 0 0 1 16 0v2M4 14a2 2 0 0 1 2-2h1v6H6a2 2 0 0 1-2-2zM20 14a2 2 0 0 0-2-2h-1v6h1a2 2 0 0 0 2-2zM18 18c0 2-2 3-5 3",
  up: "M7 11v9H4v-9zM7 11l4-7c1.5 0 2.5 1 2.3 2.5L12.8 10H18a2 2 0 0 1 2 2.3l-1 6a2 2 0 0 1-2 1.7H7",
  unhelpful:
    "M17 13V4h3v9zM17 13l-4 7c-1.5 0-2.5-1-2.3-2.5l.5-3.5H6a2 2 0 0 1-2-2.3l1-6A2 2 0 0 1 7 4h10",
  clip: "M19.5 11.5 12 19a4.6 4.6 0 0 1-6.5-6.5l8-8a3.1 3.1 0 0 1 4.4 4.4l-8 8a1.6 1.6 0 0 1-2.2-2.2l7.3-7.3",
  star: "m12 4 2.4 5 5.6.7-4.1 3.8 1.1 5.5-5-2.8-5 2.8 1.1-5.5L4 9.7 9.6 9z",
  transcript: "M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14",
  file: "M7 3.5h7l4 4V20.5H7zM14 3.5v4h4",
  bot: "M6 7.5A2.5 2.5 0 0 1 8.5 5h7A2.5 2.5 0 0 1 18 7.5v6a2.5 2.5 0 0 1-2.5 2.5H12l-4 3.5V16a2.3 2.3 0 0 1-2-2.5z",
};

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

// "See [1] and https://example.com." -> pieces of text, citation numbers and links.
const PIECES = /\[(\d{1,3})\]|(https?:\/\/[^\s<>"'，。；！？、（）《》「」]+[^\s<>"'，。；！？、（）《》「」.,;:!?)\]])/g;

export function pieces(text) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(PIECES)) {
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    if (match[1]) found.push({ text: match[0], number: Number(match[1]) });
    else found.push({ text: match[0], link: match[2] });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

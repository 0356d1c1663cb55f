// One question and its answer, built only from elements and text nodes: nothing that a course or a model
// says is ever parsed as HTML.

import { describe, words } from "./words.js";

const PIECES = /\[(\d{1,3})\]|\*\*([^*]+)\*\*/g;

export class Turn {
  #root = element("article", "turn");
  #answer = element("div", "answer");
  #block = null;
  #unopened = [];
  #shown = new Set();
  #sources = null;
  #open;

  /** `open(place)` is called when a learner presses a citation or a moment. */
  constructor(question, open) {
    this.#open = open;
    this.#root.setAttribute("aria-busy", "true");
    this.#root.append(element("h2", "", question), this.#answer);
  }

  get root() {
    return this.#root;
  }

  start({ label, language }) {
    this.#root.lang = language;
    this.#root.insertBefore(element("p", "notice", label), this.#answer);
  }

  /** Released text: whole sentences, with `[n]` markers. */
  delta({ text }) {
    const lines = text.split("\n");
    lines.forEach((line, n) => {
      if (n > 0) this.#block = null;
      if (line.trim()) this.#write(line);
    });
  }

  /** The passage behind the marker that the last delta held. */
  citation(citation) {
    const waiting = this.#unopened.findIndex((button) => button.textContent === String(citation.marker));
    if (waiting >= 0) {
      const [button] = this.#unopened.splice(waiting, 1);
      button.disabled = false;
      button.setAttribute("aria-label", words.marker(citation.marker, describe(citation)));
      button.addEventListener("click", () => this.#open(citation));
    }
    const key = `${citation.marker} ${citation.quote}`;
    if (this.#shown.has(key)) return;
    this.#shown.add(key);
    this.#sources ??= this.#list(words.sources);
    this.#sources.append(this.#place(citation, `[${citation.marker}] `));
  }

  refusal({ nearest }) {
    if (!nearest.length) return;
    const list = this.#list(words.nearest);
    for (const moment of nearest) list.append(this.#place(moment, ""));
  }

  /** Nothing more will come. */
  end() {
    this.#root.removeAttribute("aria-busy");
    for (const button of this.#unopened) button.replaceWith(`[${button.textContent}]`);
  }

  #write(line) {
    const bullet = /^\s*[-*]\s+/.exec(line);
    if (bullet) this.#block = this.#item();
    this.#block ??= this.#answer.appendChild(element("p"));
    this.#inline(bullet ? line.slice(bullet[0].length) : line);
  }

  #item() {
    const last = this.#answer.lastElementChild;
    const list = last?.tagName === "UL" ? last : this.#answer.appendChild(element("ul"));
    return list.appendChild(element("li"));
  }

  #inline(text) {
    let end = 0;
    for (const match of text.matchAll(PIECES)) {
      this.#block.append(text.slice(end, match.index));
      this.#block.append(match[1] ? this.#marker(match[1]) : element("strong", "", match[2]));
      end = match.index + match[0].length;
    }
    this.#block.append(text.slice(end));
  }

  #marker(number) {
    const button = element("button", "marker", number);
    button.type = "button";
    button.disabled = true;
    this.#unopened.push(button);
    return button;
  }

  #list(title) {
    const list = element("ul", "places");
    this.#root.append(element("h3", "", title), list);
    return list;
  }

  #place(place, prefix) {
    const button = element("button");
    button.type = "button";
    button.append(element("span", "place", prefix + describe(place)), place.quote ?? place.text);
    button.addEventListener("click", () => this.#open(place));
    const item = element("li");
    item.append(button);
    return item;
  }
}

function element(tag, name = "", text = "") {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text) node.textContent = text;
  return node;
}

// Markdown → inert nodes. Loaded with the first answer.
//
// Two locks, as on the server: raw HTML, links and images are off in the Markdown, and what comes out passes
// an allow-list. A link that a model wrote is a link that nobody checked.

import DOMPurify from "dompurify";
import { Marked, type TokenizerAndRendererExtension } from "marked";
import { patch } from "./patch";

const TAGS = [
  "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "span",
  "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
];
const MARKER = /\[(\d{1,3})\]/g;

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => `&#${String(char.charCodeAt(0))};`);

const formula = (tex: string, display: boolean): string =>
  `<span class="math" data-display="${display ? "1" : "0"}">${escaped(tex)}</span>`;

// `$5 and $6` is money: a formula has no space inside its signs and no digit behind them (as in Pandoc).
const INLINE = /^(?:\\\((?<round>[\s\S]+?)\\\)|\$(?<dollar>(?!\s)(?:\\.|[^$\\\n])+?(?<!\s))\$(?!\d))/;
const BLOCK = /^(?:\$\$(?<dollars>[\s\S]+?)\$\$|\\\[(?<square>[\s\S]+?)\\\])/;

const inlineMath: TokenizerAndRendererExtension = {
  name: "inlineMath",
  level: "inline",
  start: (source) => source.search(/\$|\\\(|\\\[/),
  tokenizer(source) {
    const block = BLOCK.exec(source);
    const found = block ?? INLINE.exec(source);
    if (!found?.groups) return undefined;
    const tex = Object.values(found.groups).find((group) => group !== undefined) ?? "";
    return { type: "inlineMath", raw: found[0], tex, display: block !== null };
  },
  renderer: (token) => formula(String(token["tex"]), Boolean(token["display"])),
};

const marked = new Marked({
  gfm: true,
  tokenizer: {
    html: () => undefined,
    tag: () => undefined,
    link: () => undefined,
    reflink: () => undefined,
    autolink: () => undefined,
    url: () => undefined,
    def: () => undefined,
  },
});
marked.use({ extensions: [inlineMath] });

/** What stands for `[n]`: an element, the text itself (null), or nothing yet, because its citation is on its way. */
export type Chip = (marker: number, nth: number) => Node | null | "waiting";
export type Formula = (tex: string, display: boolean) => Node | null;

/** Shows a text that grows. Only its last block is ever made again. */
export class AnswerText {
  #text = "";
  /** Characters of the text whose blocks will not change any more. */
  #settled = 0;
  #markersSettled: Markers = new Markers();
  readonly #tail: HTMLElement;

  constructor(
    private readonly root: HTMLElement,
    private readonly chip: Chip,
    private readonly formula: Formula,
  ) {
    this.#tail = document.createElement("div");
    root.replaceChildren(this.#tail);
  }

  /** Shows `text`: what stood there before with more behind it, or another one altogether. */
  show(text: string): void {
    if (!text.startsWith(this.#text)) {
      this.#settled = 0;
      this.#markersSettled = new Markers();
      this.root.replaceChildren(this.#tail);
    }
    this.#text = text;
    const blocks = marked.lexer(text.slice(this.#settled));
    const last = blocks.findLastIndex((block) => block.type !== "space");
    const closed = blocks.slice(0, Math.max(last, 0)).map((block) => block.raw).join("");
    if (closed.trim()) this.#settle(closed);
    patch(this.#tail, this.#nodes(text.slice(this.#settled), this.#markersSettled.copy()));
  }

  #settle(closed: string): void {
    const markers = this.#markersSettled.copy();
    const nodes = this.#nodes(closed, markers);
    if (markers.isWaiting) return;
    this.root.insertBefore(nodes, this.#tail);
    this.#settled += closed.length;
    this.#markersSettled = markers;
  }

  #nodes(source: string, markers: Markers): DocumentFragment {
    return dress(clean(source), (marker) => markers.next(marker, this.chip), this.formula);
  }
}

/** Counts how often each marker was seen, and whether one waits for its citation. */
class Markers {
  isWaiting = false;

  constructor(private readonly seen = new Map<number, number>()) {}

  copy(): Markers {
    return new Markers(new Map(this.seen));
  }

  next(marker: number, chip: Chip): Node | string | null {
    const nth = this.seen.get(marker) ?? 0;
    this.seen.set(marker, nth + 1);
    const made = chip(marker, nth);
    if (made !== "waiting") return made;
    this.isWaiting = true;
    return "";
  }
}

/** Markdown as a fragment in which nothing can run. */
export function clean(source: string): DocumentFragment {
  return DOMPurify.sanitize(marked.parse(source, { async: false }), {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["class", "data-display", "start"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

type Piece = (marker: number) => Node | string | null;

function dress(fragment: DocumentFragment, chip: Piece, formula: Formula): DocumentFragment {
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (!text.parentElement?.closest("code, pre, .math")) texts.push(text);
  }
  for (const text of texts) withChips(text, chip);
  for (const span of fragment.querySelectorAll<HTMLElement>("span.math")) {
    const made = formula(span.textContent, span.dataset["display"] === "1");
    if (made) span.replaceChildren(made);
  }
  for (const table of fragment.querySelectorAll("table")) {
    const frame = document.createElement("div");
    frame.className = "wide";
    frame.tabIndex = 0;
    table.replaceWith(frame);
    frame.append(table);
  }
  return fragment;
}

function withChips(text: Text, chip: Piece): void {
  const value = text.data;
  const pieces: (Node | string)[] = [];
  let end = 0;
  for (const match of value.matchAll(MARKER)) {
    const made = chip(Number(match[1]));
    if (made === null) continue;
    pieces.push(value.slice(end, match.index), made);
    end = match.index + match[0].length;
  }
  if (pieces.length) text.replaceWith(...pieces, value.slice(end));
}


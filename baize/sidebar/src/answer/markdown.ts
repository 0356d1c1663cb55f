// Markdown → inert nodes. Loaded with the first answer.
//
// Two locks, as on the server: raw HTML, links and images are off in the Markdown, and what comes out passes
// an allow-list. A link that a model wrote is a link that nobody checked.

import DOMPurify from "dompurify";
import { Marked, type Token, type TokenizerAndRendererExtension } from "marked";
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
  /** Characters of the text whose blocks will not change any more, the last node of these, and their markers. */
  #settled = 0;
  #lastSettled: ChildNode | null = null;
  #markersSettled = new Markers();

  constructor(
    private readonly root: HTMLElement,
    private readonly chip: Chip,
    private readonly formula: Formula,
  ) {}

  /** Shows `text`: what stood there before with more behind it, or another one altogether. */
  show(text: string): void {
    if (!text.startsWith(this.#text)) {
      this.#settled = 0;
      this.#lastSettled = null;
      this.#markersSettled = new Markers();
    }
    this.#text = text;
    const blocks = marked.lexer(text.slice(this.#settled));
    const last = Math.max(blocks.findLastIndex((block) => block.type !== "space"), 0);
    const closed = blocks.slice(0, last);
    const markers = this.#markersSettled.copy();
    const fresh = this.#nodes(closed, markers);
    const n = markers.isWaiting ? 0 : fresh.childNodes.length;
    const markersClosed = markers.copy();
    fresh.append(this.#nodes(blocks.slice(last), markers));
    patch(this.root, fresh, this.#lastSettled);
    if (n) this.#settle(n, closed.map((block) => block.raw).join("").length, markersClosed);
  }

  /** Sets the formulae of what is shown, once that is possible. */
  set(): void {
    set(this.root, this.formula);
  }

  /** The next `n` nodes stay as they are: they are not even moved, so what is focused in them stays so. */
  #settle(n: number, length: number, markers: Markers): void {
    const before = this.#lastSettled ? [...this.root.childNodes].indexOf(this.#lastSettled) + 1 : 0;
    this.#lastSettled = this.root.childNodes[before + n - 1] ?? null;
    this.#settled += length;
    this.#markersSettled = markers;
  }

  #nodes(blocks: Token[], markers: Markers): DocumentFragment {
    return dress(sanitised(marked.parser(blocks)), (marker) => markers.next(marker, this.chip), this.formula);
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
  return sanitised(marked.parse(source, { async: false }));
}

function sanitised(markup: string): DocumentFragment {
  return DOMPurify.sanitize(markup, {
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
  set(fragment, formula);
  for (const table of fragment.querySelectorAll("table")) {
    const frame = document.createElement("div");
    frame.className = "wide";
    frame.tabIndex = 0;
    table.replaceWith(frame);
    frame.append(table);
  }
  return fragment;
}

/** Sets the formulae that are still text. */
function set(root: ParentNode, formula: Formula): void {
  for (const span of root.querySelectorAll<HTMLElement>("span.math")) {
    const made = span.firstElementChild ? null : formula(span.textContent, span.dataset["display"] === "1");
    if (made) span.replaceChildren(made);
  }
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


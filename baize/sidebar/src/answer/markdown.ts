// Markdown → inert nodes. Loaded with the first answer.
//
// Two locks, as on the server: raw HTML, links and images are off in the Markdown, and what comes out passes
// an allow-list. A link that a model wrote is a link that nobody checked.

import DOMPurify from "dompurify";
import { Marked, type Token, type TokenizerAndRendererExtension } from "marked";
import type { Citation } from "../api/wire";
import { formula, type Katex } from "./formula";
import { patch } from "./patch";

const TAGS = [
  "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "span",
  "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
];
const MARKER = /\[(\d{1,3})\]/g;

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (char) => `&#${String(char.charCodeAt(0))};`);

const formulaMarkup = (tex: string, display: boolean): string =>
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
  renderer: (token) => formulaMarkup(String(token["tex"]), Boolean(token["display"])),
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

/** What stands for `[n]`: a passage, the text itself (null), or nothing yet, because its citation is on its way. */
export type Cited = (marker: number, nth: number) => Citation | null | "waiting";

/** Signs that may mean more to Markdown than themselves in the middle of a line; those of `[n]` do not. */
const SIGN = /[*_`~$\\<&|#[\]\r\n\t]/;
/** How far from the window is far: more than the one and a half heights of it that Chromium draws beforehand. */
const NEAR = "200%";
/** Elements whose last line a plain sentence may be added to. */
const GROWS = /^(?:P|LI|H[1-6])$/;
/** How a paragraph, or another item of a list, begins whose first word tells that it is nothing else. */
const BEGIN = /^(?:\n{2,}|\n(?:[-*+]|\d{1,9}[.)]) )(?=(?:\*\*)?\p{L})/u;

/**
 * Shows a text that grows: a plain sentence is added to the last block, a plain paragraph or item behind it, and
 * only the last block is ever made again.
 */
export class AnswerText {
  #text = "";
  /** Characters of the text whose blocks will not change any more, the last node of these, and their markers. */
  #settled = 0;
  #lastSettled: ChildNode | null = null;
  #markersSettled = new Markers();
  /** Markers of all that is shown, and the kind of the block behind what is settled; empty where there are several. */
  #markers = new Markers();
  #open = "";
  /** Whether the last block, and so what begins behind it, is far out of sight. */
  #isFar = false;
  #last: Element | null = null;
  readonly #watcher = new IntersectionObserver((seen) => (this.#isFar = !seen.at(-1)?.isIntersecting), { rootMargin: NEAR });

  constructor(
    private readonly root: HTMLElement,
    private readonly cited: Cited,
    private readonly labelOf: (citation: Citation) => string,
    private readonly katex: Katex,
  ) {}

  /** Shows `text`: what stood there before with more behind it, or another one altogether. */
  show(text: string): void {
    this.#show(text);
    // What has no place yet is not far.
    const last = this.root.hidden ? null : this.root.lastElementChild;
    if (last === this.#last) return;
    this.#last = last;
    this.#watcher.disconnect();
    if (last) this.#watcher.observe(last);
  }

  #show(text: string): void {
    const before = this.#text;
    this.#text = text;
    if (!text.startsWith(before)) {
      this.#settled = 0;
      this.#lastSettled = null;
      this.#markersSettled = new Markers();
      this.#open = "";
    } else if (!this.#markers.isWaiting) {
      const more = text.slice(before.length);
      if (this.#grow(before, more) || this.#begin(before, more)) return;
    }
    const blocks = marked.lexer(text.slice(this.#settled));
    this.#replace(blocks.slice(this.#close(blocks, before.slice(this.#settled))));
  }

  /** Adds plain text to the line that it goes on; false where it may mean anything else. */
  #grow(before: string, more: string): boolean {
    if (!more) return before !== "";
    const line = lastLine(before);
    const isCited = line.endsWith("]");
    // Without a letter it may yet be a list; `&lt` becomes a sign, `**` the end of bold words, with what follows.
    if (!/\p{L}/u.test(line) || line.includes("&") || /\s$/.test(line) || /\s$/.test(more)) return false;
    if ((!isCited && SIGN.test(line.slice(-1))) || SIGN.test(more.replace(MARKER, ""))) return false;
    const last = lastOf(this.root);
    if (!GROWS.test(last.parentElement?.tagName ?? "") || isCited !== isChip(last)) return false;
    const [head = "", ...rest] = this.#pieces(more, this.#markers);
    if (last instanceof Text && typeof head === "string") {
      last.appendData(head);
      last.after(...rest);
    } else {
      last.after(head, ...rest);
    }
    return true;
  }

  /** Adds one line that begins a paragraph, or an item of the list that stands last; false where it may be another thing. */
  #begin(before: string, more: string): boolean {
    const [begin = ""] = BEGIN.exec(more) ?? [];
    const line = more.slice(begin.length);
    const last = this.root.lastElementChild;
    if (!begin || !last || /\s$|[\r\n]/.test(line)) return false;
    if (begin.endsWith("\n")) {
      if (!/^(?:P|H[1-6])$/.test(last.tagName)) return false;
      this.#settle(this.root.lastChild, before.length + begin.length, this.#markers);
      this.#open = "paragraph";
      this.#append(this.root, "p", line);
      return true;
    }
    // The item before it is one line as well, has the same sign, and no paragraph of its own.
    const [same = ""] = BEGIN.exec(`\n${lastLine(before)}`) ?? [];
    const isList = /^[UO]L$/.test(last.tagName) && !last.lastElementChild?.querySelector("p");
    if (!isList || same.at(-2) !== begin.at(-2)) return false;
    this.#append(last, "li", line);
    return true;
  }

  #append(into: Element, tag: string, line: string): void {
    const made = document.createElement(tag);
    made.classList.toggle("far", into === this.root && this.#isFar);
    const isPlain = !SIGN.test(line.replace(MARKER, ""));
    made.append(
      ...(isPlain ? this.#pieces(line, this.#markers) : [this.#made(marked.parseInline(line, { async: false }), this.#markers)]),
    );
    into.append(made, "\n");
  }

  /** Settles the first block where it was only closed since it was shown; tells how many tokens that takes off. */
  #close(blocks: Token[], shown: string): number {
    const [first] = blocks;
    const next = blocks.findIndex((block, n) => n > 0 && block.type !== "space");
    if (!first || next < 0 || this.#markers.isWaiting) return 0;
    if (first.type !== this.#open || first.raw.trimEnd() !== shown.trimEnd()) return 0;
    this.#settle(this.root.lastChild, this.#settled + lengthOf(blocks.slice(0, next)), this.#markers);
    return next;
  }

  #replace(blocks: Token[]): void {
    const last = Math.max(blocks.findLastIndex((block) => block.type !== "space"), 0);
    const closed = blocks.slice(0, last);
    const markers = this.#markersSettled.copy();
    const fresh = this.#nodes(closed, markers);
    const n = markers.isWaiting ? 0 : fresh.childNodes.length;
    const markersClosed = markers.copy();
    fresh.append(this.#nodes(blocks.slice(last), markers));
    this.#mark(fresh);
    patch(this.root, fresh, this.#lastSettled);
    let node = this.#lastSettled;
    for (let step = 0; step < n; step += 1) node = node ? node.nextSibling : this.root.firstChild;
    if (n) this.#settle(node, this.#settled + lengthOf(closed), markersClosed);
    this.#markers = markers;
    this.#open = n || !last ? (blocks[last]?.type ?? "") : "";
  }

  /** Blocks stay near or far as they began. */
  #mark(fresh: DocumentFragment): void {
    let old = this.#lastSettled ? this.#lastSettled.nextSibling : this.root.firstChild;
    for (const block of fresh.children) {
      while (old && !(old instanceof Element)) old = old.nextSibling;
      block.classList.toggle("far", old ? old.classList.contains("far") : this.#isFar);
      old = old?.nextSibling ?? null;
    }
  }

  /** All nodes up to this one stay as they are: they are not even moved, so what is focused in them stays so. */
  #settle(node: ChildNode | null, end: number, markers: Markers): void {
    this.#lastSettled = node;
    this.#settled = end;
    this.#markersSettled = markers.copy();
  }

  #nodes(blocks: Token[], markers: Markers): DocumentFragment {
    if (!blocks.length) return document.createDocumentFragment();
    return this.#made(marked.parser(blocks), markers);
  }

  #made(markup: string, markers: Markers): DocumentFragment {
    const fragment = sanitised(markup);
    for (const text of textsOf(fragment)) text.replaceWith(...this.#pieces(text.data, markers));
    this.#set(fragment);
    for (const table of fragment.querySelectorAll("table")) {
      const frame = document.createElement("div");
      frame.className = "wide";
      frame.tabIndex = 0;
      table.replaceWith(frame);
      frame.append(table);
    }
    return fragment;
  }

  /** Text with a chip for each citation. */
  #pieces(text: string, markers: Markers): (Node | string)[] {
    const pieces: (Node | string)[] = [];
    let end = 0;
    for (const match of text.matchAll(MARKER)) {
      const marker = Number(match[1]);
      const nth = markers.count(marker);
      const citation = this.cited(marker, nth);
      if (!citation) continue;
      pieces.push(text.slice(end, match.index));
      if (citation === "waiting") markers.isWaiting = true;
      else pieces.push(chip(marker, nth, this.labelOf(citation)));
      end = match.index + match[0].length;
    }
    return [...pieces, text.slice(end)].filter((piece) => piece !== "");
  }

  /** Sets the formulae that are still text, once that is possible. */
  #set(root: ParentNode): void {
    for (const span of root.querySelectorAll<HTMLElement>("span.math")) {
      if (span.firstElementChild) continue;
      const isDisplay = span.dataset["display"] === "1";
      const made = formula(span.textContent, isDisplay, this.katex, () => this.#set(this.root));
      if (made) span.replaceChildren(made);
    }
  }
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf("\n") + 1);
}

function lengthOf(blocks: Token[]): number {
  return blocks.reduce((sum, { raw }) => sum + raw.length, 0);
}

/** Counts how often each marker was seen, and whether one waits for its citation. */
class Markers {
  isWaiting = false;

  constructor(private readonly seen = new Map<number, number>()) {}

  copy(): Markers {
    return new Markers(new Map(this.seen));
  }

  /** How often it was seen before. */
  count(marker: number): number {
    const n = this.seen.get(marker) ?? 0;
    this.seen.set(marker, n + 1);
    return n;
  }
}

function chip(marker: number, nth: number, label: string): Node {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "chip";
  made.setAttribute("part", "citation");
  made.dataset["marker"] = String(marker);
  made.dataset["nth"] = String(nth);
  made.setAttribute("aria-label", label);
  // What it says is filled in as soon as the chip is reached.
  made.setAttribute("aria-describedby", "quote");
  made.textContent = String(marker);
  return made;
}

function isChip(node: Node): boolean {
  return node instanceof HTMLElement && node.className === "chip";
}

/** The last text or chip that can be seen. */
function lastOf(node: ChildNode): ChildNode {
  let last = node.lastChild;
  while (last instanceof Text && !last.data.trim() && last.previousSibling) last = last.previousSibling;
  return last && !isChip(node) ? lastOf(last) : node;
}

/** Markdown as nodes in which nothing can run. */
function sanitised(markup: string): DocumentFragment {
  return DOMPurify.sanitize(markup, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["class", "data-display", "start"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

/** Texts in which `[n]` is a marker. */
function textsOf(fragment: DocumentFragment): Text[] {
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (!text.parentElement?.closest("code, pre, .math")) texts.push(text);
  }
  return texts;
}

const REHEARSED = [
  "先坐五分钟。[1]再量", "血压，别说话。[1]\n\n", "## 要点\n\n1. **收缩压**：高的那个数。[1]", "第二次再量。\n",
  "2. *舒张压*：低的那个数，见 `表`。[1]\n\n", "> 说过的话\n\n```\n一行\n```\n\n", "| 数 | 值 |\n|---|---|\n| 高 | 低 |\n\n完",
];

/** Shows a small answer to nobody, step by step: whatever is done for the first time takes a slow phone long. */
export async function rehearse(pause: () => Promise<void>): Promise<void> {
  const said = { lesson_title: "", locator: { kind: "faq" } } as Citation;
  for (let round = 0; round < 2; round += 1) {
    const text = new AnswerText(document.createElement("div"), () => said, () => "", () => Promise.reject(new Error()));
    let shown = "";
    for (const piece of REHEARSED) {
      await pause();
      text.show((shown += piece));
    }
  }
}

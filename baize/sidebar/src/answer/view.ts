// The text of one answer on the page: Markdown, formulae, and a chip for each citation.

import type { Citation } from "../api/wire";
import { nextFrame } from "../frame";
import { formula } from "./formula";
import type { AnswerText, Chip } from "./markdown";
import type { AnswerState } from "./state";

let loading: Promise<typeof import("./markdown")> | null = null;

/** Fetches what renders answers, and warms it up; called early, so that the first answer need not wait. */
export function prepare(): Promise<typeof import("./markdown")> {
  loading ??= import("./markdown").then(
    (markdown) => {
      markdown.clean("1. **2**");
      return markdown;
    },
    (error: unknown) => {
      loading = null;
      throw error;
    },
  );
  return loading;
}

/** The passage behind the nth chip (from 0) of a marker; the last one known where there are fewer. */
export function citationOf(citations: readonly Citation[], marker: number, nth: number): Citation | undefined {
  const same = citations.filter((citation) => citation.marker === marker);
  return same[nth] ?? same.at(-1);
}

/** Characters that are added in one frame: more would hold a slow phone up when a whole answer comes at once. */
const STEP = 60;

/** The end of the next step: the first end of a sentence or paragraph from `at` on. */
function stepEnd(text: string, at: number): number {
  const ends = ["]", "\n"].map((end) => text.indexOf(end, at)).filter((end) => end >= 0);
  return ends.length ? Math.min(...ends) + 1 : text.length;
}

export class AnswerView {
  readonly node = document.createElement("div");
  #text: AnswerText | null = null;
  #state: AnswerState | null = null;
  #shown = "";
  #revealed = 0;
  #isWaiting = false;

  /** @param labelOf the accessible name of a chip. */
  constructor(private readonly labelOf: (citation: Citation) => string) {
    this.node.className = "answer";
    this.node.setAttribute("part", "answer");
    // Not by `:empty`: every block that is added would have the style of the whole answer worked out again.
    this.node.hidden = true;
  }

  /** Takes the state in; it is drawn from the next frame on, in which nothing else of the answer is. */
  show(state: AnswerState): void {
    this.#state = state;
    const key = `${String(state.citations.length)} ${state.phase} ${state.text}`;
    if (!state.text || key === this.#shown) return;
    this.#shown = key;
    if (this.#text) void this.#goOn();
    else void this.#start();
  }

  async #start(): Promise<void> {
    const { AnswerText } = await prepare();
    this.#text ??= new AnswerText(this.node, this.#chip, (tex, display) =>
      formula(tex, display, () => this.#text?.set()),
    );
    await this.#goOn();
  }

  #render(): void {
    if (!this.#state) return;
    // Also to its old value, a new language would have the style of every word worked out again.
    if (this.node.lang !== this.#state.language) this.node.lang = this.#state.language;
    const { text } = this.#state;
    this.node.hidden = false;
    if (this.#revealed > text.length) this.#revealed = 0;
    this.#revealed = document.hidden ? text.length : stepEnd(text, this.#revealed + STEP);
    this.#text?.show(text.slice(0, this.#revealed));
    if (this.#revealed < text.length) void this.#goOn();
  }

  async #goOn(): Promise<void> {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    await nextFrame();
    this.#isWaiting = false;
    this.#render();
  }

  #chip: Chip = (marker, nth) => {
    const state = this.#state;
    const citation = state && citationOf(state.citations, marker, nth);
    if (!citation) return state?.phase === "done" ? null : "waiting";
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "chip";
    chip.setAttribute("part", "citation");
    chip.dataset["marker"] = String(marker);
    chip.dataset["nth"] = String(nth);
    chip.setAttribute("aria-label", this.labelOf(citation));
    // What it says is filled in as soon as the chip is reached.
    chip.setAttribute("aria-describedby", "quote");
    chip.textContent = String(marker);
    return chip;
  };
}

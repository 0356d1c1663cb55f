// The text of one answer on the page: how much of it is shown by now. What makes it comes with the first answer.

import type { Citation } from "../api/wire";
import { nextFrame } from "../frame";
import type { AnswerText, Cited } from "./markdown";
import type { AnswerState } from "./state";

let loading: Promise<typeof import("./markdown")> | null = null;

/** Fetches what renders answers; called early, so that the first answer need not wait. */
export function prepare(): Promise<typeof import("./markdown")> {
  loading ??= import("./markdown").catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

/** The passage behind the nth chip (from 0) of a marker; the last one known where there are fewer. */
export function citationOf(citations: readonly Citation[], marker: number, nth: number): Citation | undefined {
  const same = citations.filter((citation) => citation.marker === marker);
  return same[nth] ?? same.at(-1);
}

/**
 * What is added in one frame: the rest of a line, or of a sentence after 60 characters; more would hold a slow phone
 * up when a whole answer comes at once.
 */
const STEP = /\s*(?:[^\n]{60}[^\n\]]{0,200}\]?|[^\n]*)/uy;

const RETRY_MS = 2000;

function stepEnd(text: string, from: number): number {
  STEP.lastIndex = from;
  STEP.exec(text);
  return STEP.lastIndex;
}

export class AnswerView {
  readonly node = document.createElement("div");
  #text: AnswerText | null = null;
  #state: AnswerState | null = null;
  #revealed = 0;
  #isWaiting = false;
  #cards = 0;

  /**
   * @param labelOf the accessible name of a chip.
   * @param changed the page should be drawn again.
   */
  constructor(
    private readonly labelOf: (citation: Citation) => string,
    private readonly changed: () => void,
  ) {
    this.node.className = "answer";
    this.node.setAttribute("part", "answer");
    // Not by `:empty`: every block that is added would have the style of the whole answer worked out again.
    this.node.hidden = true;
  }

  /** Whether all that there is of the text is shown. */
  get isWhole(): boolean {
    const length = this.#state?.text.length ?? 0;
    return this.#revealed >= length && !(length && this.node.hidden);
  }

  /** How many of `n` cards are drawn this time: one more than the last, until all are. */
  cards(n: number): number {
    if (this.#cards < n) {
      this.#cards += 1;
      queueMicrotask(this.changed);
    }
    return this.#cards;
  }

  /** Takes the state in; it is drawn from the next frame on, in which nothing else of the answer is. */
  show(state: AnswerState): void {
    const last = this.#state;
    this.#state = state;
    const isSame = last?.text === state.text && last.citations === state.citations && last.phase === state.phase;
    if (!state.text || isSame) return;
    if (this.#text) void this.#goOn();
    else void this.#start();
  }

  async #start(): Promise<void> {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    while (!this.#text) {
      try {
        const { AnswerText } = await prepare();
        this.#text = new AnswerText(this.node, this.#cited, this.labelOf, () => import("katex"));
      } catch {
        // The network went away before its code came: words without their form are better than none.
        this.node.textContent = this.#state?.text ?? "";
        this.node.hidden = false;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#isWaiting = false;
    await this.#goOn();
  }

  #render(): void {
    if (!this.#state) return;
    // Also to its old value, a new language would have the style of every word worked out again.
    if (this.node.lang !== this.#state.language) this.node.lang = this.#state.language;
    const { text } = this.#state;
    if (this.#revealed > text.length) this.#revealed = 0;
    const end = document.hidden ? text.length : stepEnd(text, this.#revealed);
    // A line break is shown with what follows it: alone it would have the whole block made again.
    this.#text?.show(text.slice(0, end).trimEnd());
    this.#revealed = end;
    if (this.node.hidden || this.#revealed < text.length) void this.#goOn();
    else if (this.#state.phase === "done") this.changed();
  }

  async #goOn(): Promise<void> {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    await nextFrame();
    this.#isWaiting = false;
    // The first words are made in one frame, and drawn in another.
    if (this.node.hidden && this.node.firstChild) {
      this.node.hidden = false;
      void this.#goOn();
    } else this.#render();
  }

  #cited: Cited = (marker, nth) =>
    citationOf(this.#state?.citations ?? [], marker, nth) ?? (this.#state?.phase === "done" ? null : "waiting");
}

// The text of one answer on the page: Markdown, formulae, and a chip for each citation.

import type { Citation } from "../api/wire";
import { formula } from "./formula";
import type { AnswerText, Chip } from "./markdown";
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

export class AnswerView {
  readonly node = document.createElement("div");
  #text: AnswerText | null = null;
  #state: AnswerState | null = null;
  #shown = "";

  /** @param labelOf the accessible name of a chip. */
  constructor(private readonly labelOf: (citation: Citation) => string) {
    this.node.className = "answer";
    this.node.setAttribute("part", "answer");
  }

  show(state: AnswerState): void {
    this.#state = state;
    const key = `${String(state.citations.length)} ${state.phase} ${state.text}`;
    if (!state.text || key === this.#shown) return;
    this.#shown = key;
    if (this.#text) this.#render();
    else void this.#start();
  }

  async #start(): Promise<void> {
    const { AnswerText } = await prepare();
    this.#text ??= new AnswerText(this.node, this.#chip, (tex, display) =>
      formula(tex, display, () => this.#again()),
    );
    this.#render();
  }

  #render(): void {
    if (!this.#state) return;
    this.node.lang = this.#state.language;
    this.#text?.show(this.#state.text);
  }

  /** KaTeX has come: the whole text once more, with its formulae. */
  #again(): void {
    this.#text?.show("");
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

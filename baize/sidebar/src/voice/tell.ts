// Tells an answer to a screen reader: each sentence once, when it is released.

import type { Turn } from "../answer/conversation";
import { nextFrame } from "../frame";
import { spoken } from "./read";

/** Sentences that are added in one frame: a whole answer that comes at once must not hold a slow phone up. */
const STEP = 3;

export class Teller {
  #key = 0;
  #n = 0;
  #isWaiting = false;

  /** @param live where it is told, once the element is drawn; @param newest the turn that is being answered. */
  constructor(
    private readonly live: () => Element | null,
    private readonly newest: () => Turn | undefined,
  ) {}

  tell = (): void => {
    const [live, turn] = [this.live(), this.newest()];
    if (!live || !turn || turn.restored || this.#isWaiting) return;
    if (turn.key !== this.#key) {
      live.replaceChildren();
      this.#key = turn.key;
      this.#n = 0;
    }
    const { released, language } = turn.state;
    const end = this.#n + STEP;
    for (const piece of released.slice(this.#n, end)) {
      const line = document.createElement("p");
      line.lang = language;
      line.textContent = spoken(piece);
      if (line.textContent) live.append(line);
    }
    this.#n = Math.min(end, released.length);
    if (this.#n < released.length) void this.#goOn();
  };

  async #goOn(): Promise<void> {
    this.#isWaiting = true;
    await nextFrame();
    this.#isWaiting = false;
    this.tell();
  }
}

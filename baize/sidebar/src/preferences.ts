// What the learner likes: remembered on the server, for whoever it takes the caller for.

import { segment, type Client } from "./api/client";
import type { Capabilities, Preferences } from "./api/wire";

export const DEFAULTS: Preferences = { elder: false, theme: "auto", read_aloud: false, speech_rate: 1 };

/** The pace of reading aloud for those who take their time. */
export const SLOW = 0.75;

/** What a server without the route can do. */
const PLAIN: Capabilities = {
  learner_id: null,
  modes: ["explain"],
  feedback: false,
  preferences: false,
  transcriptions: null,
};

export class Remembered {
  capabilities: Capabilities = PLAIN;
  /** Null until the learner or the server has said something: then the host's attributes hold. */
  chosen: Preferences | null = null;
  #saving: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly client: Client,
    private readonly changed: () => void,
    /** Whom the host names, where the server takes the caller for nobody in particular. */
    private readonly named: () => string,
  ) {}

  async load(): Promise<void> {
    try {
      this.capabilities = (await this.client.maybe<Capabilities>("capabilities")) ?? PLAIN;
      const path = this.#path();
      const kept = path ? await this.client.maybe<Partial<Preferences>>(path) : null;
      // Empty: the learner has chosen nothing yet.
      if (kept && Object.keys(kept).length) this.chosen ??= { ...DEFAULTS, ...kept };
    } catch {
      // Preferences are a comfort: without them everything works.
    }
    this.changed();
  }

  async choose(chosen: Preferences): Promise<void> {
    this.chosen = chosen;
    this.changed();
    const path = this.#path();
    if (!path) return;
    // One after the other: of two that overtake each other, the older one would stay on the server.
    this.#saving = this.#saving.then(() =>
      this.client.call(path, { method: "PUT", body: chosen, keepalive: true }).catch(() => {}),
    );
    await this.#saving;
  }

  #path(): string {
    const learner = this.capabilities.learner_id ?? this.named();
    return this.capabilities.preferences && learner ? `learners/${segment(learner)}/preferences` : "";
  }
}

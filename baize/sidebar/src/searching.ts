// Search: moments of the lesson, the course or the whole platform.

import type { Client } from "./api/client";
import type { Problem, SearchResult } from "./api/wire";
import { problemOf } from "./answer/conversation";

export type Where = "lesson" | "course" | "platform";

const N_RESULTS = 20;

export class Searching {
  where: Where = "course";
  results: SearchResult[] | null = null;
  problem: Problem | null = null;
  isBusy = false;
  #call: AbortController | null = null;

  constructor(
    private readonly client: Client,
    private readonly changed: () => void,
  ) {}

  async search(query: string, here: { course: string; lesson: string }): Promise<void> {
    this.#call?.abort();
    this.#call = new AbortController();
    const { signal } = this.#call;
    this.isBusy = true;
    this.problem = null;
    this.changed();
    try {
      const body = { query, scope: scopeOf(this.where, here), kind: "moments", k: N_RESULTS };
      const found = await this.client.json<{ results: SearchResult[] }>("search", { method: "POST", body, signal });
      this.results = found.results;
    } catch (error) {
      if (signal.aborted) return;
      this.problem = problemOf(error);
    }
    this.isBusy = false;
    this.changed();
  }
}

export function scopeOf(where: Where, { course, lesson }: { course: string; lesson: string }): object {
  if (where === "lesson" && lesson) return { lesson_ids: [lesson] };
  if (where !== "platform" && course) return { course_ids: [course] };
  return {};
}

// What was prepared for the lesson that is being watched, fetched once per lesson.

import { segment, type Client } from "./api/client";
import type { Chapter, Cue, Glossary, KeyPoints, Lesson, Summary } from "./api/wire";

export interface OutlineContent {
  lesson: Lesson | null;
  chapters: Chapter[];
  cues: Cue[];
  keyPoints: KeyPoints | null;
  summary: Summary | null;
  glossary: Glossary | null;
}

const EMPTY: OutlineContent = { lesson: null, chapters: [], cues: [], keyPoints: null, summary: null, glossary: null };

export class Outline {
  content: OutlineContent = EMPTY;
  phase: "idle" | "loading" | "ready" | "failed" = "idle";
  /** Words that the learner looks for in the transcript. */
  wanted = "";
  follows = true;
  #lessonId = "";
  #lessons = new Map<string, Promise<Lesson | null>>();
  #loading: AbortController | null = null;

  constructor(
    private readonly client: Client,
    private readonly changed: () => void,
  ) {}

  /** Facts of a lesson; null where the server does not know it. */
  lesson(id: string): Promise<Lesson | null> {
    if (!id) return Promise.resolve(null);
    let known = this.#lessons.get(id);
    if (!known) {
      known = this.client.maybe<Lesson>(`lessons/${segment(id)}`).catch(() => {
        this.#lessons.delete(id);
        return null;
      });
      this.#lessons.set(id, known);
    }
    return known;
  }

  /** Loads the outline of a lesson, unless it is there, on its way, or could not be had: then `forget` first. */
  async load(lessonId: string): Promise<void> {
    if (lessonId === this.#lessonId) return;
    this.#loading?.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    this.#lessonId = lessonId;
    this.content = EMPTY;
    this.wanted = "";
    this.phase = "loading";
    this.changed();
    try {
      const content = await this.#fetch(lessonId, signal);
      if (signal.aborted) return;
      this.content = content;
      this.phase = "ready";
    } catch {
      if (signal.aborted) return;
      this.phase = "failed";
    }
    this.changed();
  }

  forget(): void {
    this.#loading?.abort();
    this.#lessonId = "";
    this.content = EMPTY;
    this.phase = "idle";
  }

  async #fetch(lessonId: string, signal: AbortSignal): Promise<OutlineContent> {
    const path = `lessons/${segment(lessonId)}`;
    const [lesson, chapters, transcript, keyPoints, summary, glossary] = await Promise.all([
      this.lesson(lessonId),
      this.client.maybe<{ chapters: Chapter[] }>(`${path}/chapters`, signal),
      this.client.maybe<{ cues: Cue[] }>(`${path}/transcript`, signal),
      this.client.maybe<KeyPoints>(`${path}/key-points`, signal),
      this.client.maybe<Summary>(`${path}/summary`, signal),
      this.client.maybe<Glossary>(`${path}/glossary`, signal),
    ]);
    return {
      lesson,
      chapters: chapters?.chapters ?? [],
      cues: transcript?.cues ?? [],
      keyPoints,
      summary,
      glossary,
    };
  }
}

/** The entry that is being played at `t`: the last one that has begun; -1 before the first. Entries are sorted. */
export function playing(entries: readonly { locator: { start: number } }[], t: number | null): number {
  if (t === null) return -1;
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.locator.start ?? Infinity) <= t + 0.05) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

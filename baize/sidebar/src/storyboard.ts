// Pictures of lessons. The server makes them when they are first asked for, so nobody asks before they are wanted.
// An <img> could send the token in its URL only: they are fetched with it in a header, and shown as blobs.

import { segment, type Client } from "./api/client";
import type { Scene } from "./api/wire";
import { playing } from "./outline";

/** Pictures that are kept in memory at most, a few kB each. */
const MAX_KEPT = 60;

export class Storyboards {
  #boards = new Map<string, Scene[] | "loading">();
  /** Blob URLs by path, the oldest first. */
  #pictures = new Map<string, string>();
  #shown = new WeakMap<HTMLImageElement, string>();
  #watch: IntersectionObserver | null = null;

  constructor(
    private readonly client: Client,
    private readonly changed: () => void,
  ) {}

  /** Scenes of a lesson, empty where it has none; null while they are on their way or nobody wanted them. */
  of(lessonId: string): Scene[] | null {
    const board = this.#boards.get(lessonId);
    return board === undefined || board === "loading" ? null : board;
  }

  async want(lessonId: string): Promise<void> {
    if (!lessonId || this.#boards.has(lessonId)) return;
    this.#boards.set(lessonId, "loading");
    try {
      const board = await this.client.maybe<{ scenes: Scene[] }>(`lessons/${segment(lessonId)}/storyboard`);
      this.#boards.set(lessonId, board?.scenes ?? []);
      this.changed();
    } catch {
      // A comfort: the next one who wants it asks again. Nothing is drawn again for it, or that would be at once.
      this.#boards.delete(lessonId);
    }
  }

  /** Path of the picture that stands for second `t` of a lesson; empty where there is none (yet). */
  pathAt(lessonId: string, t: number): string {
    const scenes = this.of(lessonId) ?? [];
    const scene = scenes[playing(scenes, t)];
    return scene ? pathOf(lessonId, scene) : "";
  }

  /** Fetches the picture of each `img[data-frame]` as soon as it is near the screen. */
  fill(root: ParentNode): void {
    this.#watch ??= new IntersectionObserver(this.#onNear, { rootMargin: "200px" });
    for (const image of root.querySelectorAll<HTMLImageElement>("img[data-frame]")) {
      const path = image.dataset["frame"] ?? "";
      if (!path || this.#shown.get(image) === path) continue;
      this.#shown.set(image, path);
      image.removeAttribute("src");
      this.#watch.unobserve(image);
      this.#watch.observe(image);
    }
  }

  forget(): void {
    this.#watch?.disconnect();
    this.#watch = null;
    this.#shown = new WeakMap();
    for (const url of this.#pictures.values()) URL.revokeObjectURL(url);
    this.#pictures.clear();
  }

  #onNear = (entries: IntersectionObserverEntry[], watch: IntersectionObserver): void => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting || !(target instanceof HTMLImageElement)) continue;
      watch.unobserve(target);
      void this.#show(target);
    }
  };

  async #show(image: HTMLImageElement): Promise<void> {
    const path = image.dataset["frame"] ?? "";
    const url = this.#pictures.get(path) ?? (await this.#fetch(path));
    if (url && image.dataset["frame"] === path) image.src = url;
  }

  async #fetch(path: string): Promise<string> {
    const blob = await this.client
      .call(path, { accept: "image/jpeg" })
      .then((response) => response.blob())
      .catch(() => null);
    // Forgotten in the meantime: then nobody would revoke it.
    if (!blob || !this.#watch) return "";
    const url = URL.createObjectURL(blob);
    this.#pictures.set(path, url);
    const [oldest] = this.#pictures;
    if (this.#pictures.size > MAX_KEPT && oldest) {
      this.#pictures.delete(oldest[0]);
      URL.revokeObjectURL(oldest[1]);
    }
    return url;
  }
}

export function pathOf(lessonId: string, { n }: Scene): string {
  return `lessons/${segment(lessonId)}/frames/${String(n)}`;
}

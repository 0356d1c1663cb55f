// The host's player, whatever it is. There is always at most one, and it is never ours.

/** What the sidebar needs of a player. Times are seconds of the media. */
export interface Player {
  /** Null before the media are loaded. */
  position(): number | null;
  duration(): number | null;
  /** Until the media have a duration and can be moved; gives up after a while. */
  loaded(): Promise<void>;
  /** Goes there, and resolves on arrival. */
  seek(second: number): Promise<void>;
  play(): void;
  /** Brings the player into view, where the page has scrolled past it. */
  reveal(): void;
  /** Calls back while playing and after seeking, until the signal is aborted. */
  onMove(moved: () => void, signal: AbortSignal): void;
}

/** The part of video.js's player that we use. */
export interface VideoJsPlayer {
  currentTime(second?: number): number | undefined;
  duration(): number | undefined;
  readyState(): number;
  play(): Promise<unknown> | undefined;
  el?(): Element | null;
  on(name: string | string[], call: () => void): void;
  off(name: string | string[], call: () => void): void;
}

const LOAD_MS = 15_000;
const SEEK_MS = 5000;
const HAVE_METADATA = 1;

/**
 * The player that an element or object is.
 *
 * @param found a `<video>` or `<audio>` (hls.js and dash.js play into one), the element of a video.js player,
 *   an element that holds a media element, or a video.js player itself. Null where it is none of these.
 */
export function playerOf(found: unknown): Player | null {
  if (found instanceof HTMLMediaElement) return videoJsOf(found) ?? new MediaPlayer(found);
  if (isVideoJs(found)) return new VideoJs(found);
  if (!(found instanceof Element)) return null;
  const inside = found.querySelector<HTMLMediaElement>("video, audio");
  return videoJsOf(found) ?? (inside ? playerOf(inside) : null);
}

function videoJsOf(element: Element): Player | null {
  const { player } = element as { player?: unknown };
  return isVideoJs(player) ? new VideoJs(player) : null;
}

function isVideoJs(found: unknown): found is VideoJsPlayer {
  if (typeof found !== "object" || found === null || found instanceof Element) return false;
  return ["currentTime", "duration", "on", "off"].every(
    (name) => typeof (found as Record<string, unknown>)[name] === "function",
  );
}

class MediaPlayer implements Player {
  constructor(private readonly media: HTMLMediaElement) {}

  position(): number | null {
    return this.media.readyState >= HAVE_METADATA ? this.media.currentTime : null;
  }

  duration(): number | null {
    return finite(this.media.duration);
  }

  async loaded(): Promise<void> {
    const { media } = this;
    if (media.readyState >= HAVE_METADATA) return;
    if (media.preload === "none") media.load();
    await heard(this.#once, "loadedmetadata", LOAD_MS);
  }

  async seek(second: number): Promise<void> {
    const landed = heard(this.#once, "seeked", SEEK_MS);
    // Not `fastSeek`: it stops at the key frame before.
    this.media.currentTime = second;
    await landed;
  }

  #once = (name: string, call: () => void): void => this.media.addEventListener(name, call, { once: true });

  play(): void {
    // A browser may refuse to play on its own; the learner then presses play at the right second.
    void this.media.play().catch(() => {});
  }

  reveal(): void {
    this.media.scrollIntoView({ block: "nearest" });
  }

  onMove(moved: () => void, signal: AbortSignal): void {
    for (const name of MOVES) this.media.addEventListener(name, moved, { signal });
  }
}

class VideoJs implements Player {
  constructor(private readonly player: VideoJsPlayer) {}

  position(): number | null {
    return this.player.readyState() >= HAVE_METADATA ? finite(this.player.currentTime()) : null;
  }

  duration(): number | null {
    return finite(this.player.duration()) || null;
  }

  async loaded(): Promise<void> {
    if (this.player.readyState() < HAVE_METADATA) await heard(this.#once, "loadedmetadata", LOAD_MS);
  }

  async seek(second: number): Promise<void> {
    const landed = heard(this.#once, "seeked", SEEK_MS);
    this.player.currentTime(second);
    await landed;
  }

  #once = (name: string, call: () => void): void => {
    const heardOnce = (): void => {
      this.player.off(name, heardOnce);
      call();
    };
    this.player.on(name, heardOnce);
  };

  play(): void {
    void Promise.resolve(this.player.play()).catch(() => {});
  }

  reveal(): void {
    this.player.el?.()?.scrollIntoView({ block: "nearest" });
  }

  onMove(moved: () => void, signal: AbortSignal): void {
    this.player.on([...MOVES], moved);
    signal.addEventListener("abort", () => this.player.off([...MOVES], moved), { once: true });
  }
}

const MOVES = ["timeupdate", "seeked", "loadedmetadata", "durationchange", "emptied"] as const;

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

/** Resolves with the event, or after `ms`: a player that never says so must not hang the sidebar. */
function heard(on: (name: string, call: () => void) => void, name: string, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    on(name, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

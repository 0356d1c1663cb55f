// Jumps: within the one player, into another lesson by way of the host, and back again.

import type { Place } from "../api/wire";
import { decide, originOf, type Here, type Origin, type Target } from "./jump";
import { playerOf, type Player } from "./player";

/** How long a host may take to open another lesson. */
const OPEN_MS = 10_000;

export interface Stage {
  readonly course: string;
  readonly lesson: string;
  /** What the host named as its player: a selector, an element, or a player object. */
  readonly player: unknown;
  /** Where a player that we cannot see is; null when the host does not say. */
  readonly position: number | null;
  lessonDuration(lessonId: string): Promise<number | null>;
  /** Dispatches an event; false when the host cancelled it. */
  announce(name: string, detail: Record<string, unknown>): boolean;
  changed(): void;
}

/** What the navigator has to say, by its key in the i18n files. */
export interface Notice {
  key: string;
  start?: number;
  lesson?: string;
  isTrouble: boolean;
}

export class Navigator {
  /** A jump into another lesson that waits for the learner's word. */
  asking: Place | null = null;
  /** A place without a second that is being shown. */
  reading: Place | null = null;
  origin: (Origin & { lessonTitle: string }) | null = null;
  notice: Notice | null = null;
  #landing: Origin | null = null;
  #titles = new Map<string, string>();
  #openings = 0;

  constructor(private readonly stage: Stage) {}

  /** The host's player now; null where there is none that we can move. */
  get player(): Player | null {
    const { player } = this.stage;
    if (typeof player !== "string") return playerOf(player);
    try {
      return playerOf(player ? document.querySelector(player) : null);
    } catch {
      // No selector.
      return null;
    }
  }

  position(): number | null {
    return this.player?.position() ?? this.stage.position;
  }

  /** Goes to a place, or asks first, or says why not. */
  async open(place: Place): Promise<void> {
    this.notice = null;
    this.asking = null;
    const jump = decide(place, await this.#here(place.lesson_id));
    if (jump.kind === "seek") await this.#seek(place, jump.start);
    else if (jump.kind === "confirm") this.asking = place;
    else if (jump.kind === "read") this.reading = place;
    else if (!this.#leaveToHost(place, jump.start)) this.#tell(`blocked-${jump.reason}`, place, jump.start);
    this.stage.changed();
  }

  /** The learner said yes to another lesson. */
  async confirm(): Promise<void> {
    const place = this.asking;
    this.asking = null;
    if (!place || place.locator.kind !== "time") return;
    await this.#openLesson(place, place.locator.start, place.url ?? null);
    this.stage.changed();
  }

  close(): void {
    this.asking = null;
    this.reading = null;
    this.stage.changed();
  }

  /** Where the learner was before the last jump. */
  async back(): Promise<void> {
    const to = this.origin;
    if (!to) return;
    this.origin = null;
    this.#landing = null;
    const locator = { kind: "time" as const, start: to.position, end: to.position };
    const place = {
      course_id: to.courseId, lesson_id: to.lessonId, lesson_title: to.lessonTitle, locator, text: "",
    };
    if (to.lessonId === this.stage.lesson) await this.#move(place, to.position);
    else await this.#openLesson(place, to.position, null, { remember: false });
    this.stage.changed();
  }

  /** Titles come with places; the back chip wants them. */
  know(lessonId: string, title: string): void {
    this.#titles.set(lessonId, title);
  }

  async #here(lessonId: string): Promise<Here> {
    const { player, stage } = this;
    await (lessonId === stage.lesson ? player?.loaded() : undefined);
    return {
      courseId: stage.course,
      lessonId: stage.lesson,
      lessonDuration: lessonId === stage.lesson ? await stage.lessonDuration(lessonId) : null,
      playerDuration: player?.duration() ?? null,
      hasPlayer: player !== null,
    };
  }

  async #seek(place: Place, start: number): Promise<void> {
    this.#remember(place);
    await this.#move(place, start);
  }

  async #move(place: Target, start: number): Promise<void> {
    const { player } = this;
    if (!this.#announceSeek(place, start)) return;
    await player?.seek(start);
    player?.reveal();
    player?.play();
    this.#landing = { courseId: place.course_id, lessonId: place.lesson_id, position: start };
    this.#tell("landed", place, start, false);
  }

  /** No player of the page that we can move: the event is all there is, and a host that cancels it took it. */
  #leaveToHost(place: Place, start: number): boolean {
    if (this.player) return false;
    this.#remember(place);
    return !this.#announceSeek(place, start);
  }

  #announceSeek(place: Target, start: number): boolean {
    const end = place.locator.kind === "time" ? place.locator.end : start;
    return this.stage.announce("baize-seek", { course_id: place.course_id, lesson_id: place.lesson_id, start, end });
  }

  async #openLesson(
    place: Place,
    start: number,
    url: string | null,
    { remember } = { remember: true },
  ): Promise<void> {
    const opening = ++this.#openings;
    if (remember) this.#remember(place);
    this.#tell("opening", place, start, false);
    if (!(await this.#hostOpens(place, start))) {
      if (url && /^https?:/i.test(url)) window.location.assign(url);
      else this.#tell("blocked-host", place, start);
      return;
    }
    if (opening !== this.#openings) return;
    const jump = decide(place, await this.#here(place.lesson_id));
    if (jump.kind === "seek") await this.#move(place, start);
    else if (jump.kind === "blocked" && !this.#leaveToHost(place, start)) {
      this.#tell(`blocked-${jump.reason}`, place, start);
    }
  }

  /** Whether the host has made the lesson its own. It may take its time: `detail.waitUntil(promise)`. */
  async #hostOpens(place: Place, start: number): Promise<boolean> {
    const promises: Promise<unknown>[] = [];
    const taken = !this.stage.announce("baize-lesson", {
      course_id: place.course_id,
      lesson_id: place.lesson_id,
      start,
      waitUntil: (promise: Promise<unknown>) => promises.push(promise),
    });
    const isOpen = (): boolean => this.stage.lesson === place.lesson_id;
    if (!taken && !promises.length && !isOpen()) return false;
    const limit = new Promise<void>((resolve) => setTimeout(resolve, OPEN_MS));
    await Promise.race([Promise.allSettled(promises), limit]);
    for (let waited = 0; !isOpen() && waited < OPEN_MS; waited += 50) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return isOpen();
  }

  #remember(place: Target): void {
    const position = this.position();
    if (position === null) return;
    const { course: courseId, lesson: lessonId } = this.stage;
    const from = originOf({ courseId, lessonId, position }, this.origin, this.#landing);
    this.origin = { ...from, lessonTitle: this.#titles.get(from.lessonId) ?? from.lessonId };
    this.know(place.lesson_id, place.lesson_title);
  }

  #tell(key: string, place: Target, start: number, isTrouble = true): void {
    this.notice = { key, start, lesson: place.lesson_title, isTrouble };
    this.stage.changed();
  }
}

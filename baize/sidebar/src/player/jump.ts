// Where a citation leads, decided before anything moves. Pure.

import type { Place } from "../api/wire";

export interface Here {
  courseId: string;
  lessonId: string;
  /** Of the lesson as it was ingested; null when unknown. */
  lessonDuration: number | null;
  /** Of what the player has loaded; null when unknown. */
  playerDuration: number | null;
  hasPlayer: boolean;
}

export type Target = Pick<Place, "course_id" | "lesson_id" | "lesson_title" | "locator">;

export type Jump =
  | { kind: "seek"; start: number }
  /** Another lesson: the learner confirms, the host opens it. */
  | { kind: "confirm"; start: number }
  /** A page or an FAQ entry: there is no second to go to. */
  | { kind: "read" }
  /** The player plays something else than what was ingested. */
  | { kind: "blocked"; reason: "mismatch" | "no-player"; start: number };

export function decide(place: Target, here: Here): Jump {
  if (place.locator.kind !== "time") return { kind: "read" };
  const { start } = place.locator;
  if (place.lesson_id !== here.lessonId) return { kind: "confirm", start };
  if (!here.hasPlayer) return { kind: "blocked", reason: "no-player", start };
  return isMismatch(here) || start > (here.playerDuration ?? Infinity)
    ? { kind: "blocked", reason: "mismatch", start }
    : { kind: "seek", start };
}

/** Encoders pad and cut: two seconds, or one percent of a long lecture, are no other video. */
export function isMismatch({ lessonDuration, playerDuration }: Here): boolean {
  if (lessonDuration === null || playerDuration === null) return false;
  return Math.abs(lessonDuration - playerDuration) > Math.max(2, lessonDuration * 0.01);
}

/** Where the learner was before a jump. */
export interface Origin {
  courseId: string;
  lessonId: string;
  position: number;
}

/** As long as the learner has not watched on from the last landing, going back means going back to before it. */
export function originOf(before: Origin, last: Origin | null, landing: Origin | null): Origin {
  const hopping =
    last !== null &&
    landing?.lessonId === before.lessonId &&
    before.position >= landing.position - 1 &&
    before.position <= landing.position + 15;
  return hopping ? last : before;
}

/** `3:07`, or `1:02:07` from an hour on; seconds are cut, as players do. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const tail = String(rest).padStart(2, "0");
  return hours ? `${String(hours)}:${String(minutes).padStart(2, "0")}:${tail}` : `${String(minutes)}:${tail}`;
}

import { describe, expect, it } from "vitest";
import { clock, decide, isMismatch, originOf, type Here } from "../src/player/jump";
import { playing } from "../src/outline";

const HERE: Here = { courseId: "c", lessonId: "l1", lessonDuration: 90, playerDuration: 90.4, hasPlayer: true };
const at = (lesson_id: string, start = 30) => ({
  course_id: "c", lesson_id, lesson_title: "x", locator: { kind: "time" as const, start, end: start + 5 },
});

describe("decide", () => {
  it("seeks within the lesson", () => expect(decide(at("l1"), HERE)).toEqual({ kind: "seek", start: 30 }));
  it("asks before another lesson", () => expect(decide(at("l2"), HERE)).toEqual({ kind: "confirm", start: 30 }));
  it("shows what has no second", () => {
    const page = { ...at("l1"), locator: { kind: "text" as const, file: "a.pdf", page: 2 } };
    expect(decide(page, HERE)).toEqual({ kind: "read" });
  });
  it("does not move another video", () => {
    expect(decide(at("l1"), { ...HERE, playerDuration: 600 })).toMatchObject({ kind: "blocked", reason: "mismatch" });
    expect(decide(at("l1", 95), HERE)).toMatchObject({ kind: "blocked", reason: "mismatch" });
    expect(decide(at("l1"), { ...HERE, hasPlayer: false })).toMatchObject({ kind: "blocked", reason: "no-player" });
  });
  it("knows what encoders do to durations", () => {
    expect(isMismatch({ ...HERE, lessonDuration: 3600, playerDuration: 3570 })).toBe(false);
    expect(isMismatch({ ...HERE, lessonDuration: 60, playerDuration: 63 })).toBe(true);
    expect(isMismatch({ ...HERE, lessonDuration: null })).toBe(false);
  });
});

describe("originOf", () => {
  const spot = (position: number, lessonId = "l1") => ({ courseId: "c", lessonId, position });
  it("is where the learner was", () => expect(originOf(spot(12), null, null)).toEqual(spot(12)));
  it("stays, while the learner hops from citation to citation", () =>
    expect(originOf(spot(33), spot(12), spot(30))).toEqual(spot(12)));
  it("moves on with a learner who has watched on", () =>
    expect(originOf(spot(80), spot(12), spot(30))).toEqual(spot(80)));
});

describe("clock", () => {
  it("cuts seconds and shows hours when there are some", () =>
    expect([clock(0), clock(59.9), clock(187), clock(3727)]).toEqual(["0:00", "0:59", "3:07", "1:02:07"]));
});

describe("playing", () => {
  const entries = [0, 10, 20].map((start) => ({ locator: { start } }));
  it("is the last entry that has begun", () =>
    expect([null, 0, 9.9, 10, 500].map((t) => playing(entries, t))).toEqual([-1, 0, 0, 1, 2]));
});

import { describe, expect, it } from "vitest";
import { isOver, reduce, UNASKED, type AnswerState } from "../src/answer/state";

const event = (id: number, name: string, data: unknown) => ({ id: String(id), name, data: JSON.stringify(data) });

const START = event(1, "start", { answer_id: "a", conversation_id: "c", language: "zh", thinking: false, label: "AI" });
const DONE = {
  answer_id: "a", conversation_id: "c", language: "zh", label: "AI", text: "一。[1]二。", citations: [{ marker: 1 }],
  follow_ups: ["三？"], withheld: 0,
};
const STREAM = [
  START,
  event(2, "evidence", { items: [{ marker: 1, text: "一" }] }),
  event(3, "thinking", { text: "想" }),
  event(4, "delta", { text: "一。[1]" }),
  event(5, "citation", { marker: 1, quote: "一" }),
  event(6, "delta", { text: "二。" }),
  event(7, "done", DONE),
];

const run = (events: typeof STREAM, from: AnswerState = UNASKED) => events.reduce(reduce, from);

describe("reduce", () => {
  it("builds the answer event by event", () => {
    const state = run(STREAM);
    expect(state).toMatchObject({
      phase: "done", answerId: "a", conversationId: "c", text: "一。[1]二。", thinking: "想", followUps: ["三？"],
      released: ["一。[1]", "二。"], lastId: 7,
    });
  });

  it("takes nothing twice: a replay from any point on makes the same answer", () => {
    const whole = run(STREAM);
    for (let seen = 1; seen < STREAM.length; seen += 1) {
      const before = run(STREAM.slice(0, seen));
      for (let from = 0; from <= seen; from += 1) expect(run(STREAM.slice(from), before)).toEqual(whole);
    }
  });

  it("ends with an error, and nothing follows", () => {
    const failed = run([START, event(2, "error", { title: "x", status: 503, detail: "away" })]);
    expect(failed).toMatchObject({ phase: "failed", problem: { status: 503, detail: "away" } });
    expect(reduce(failed, event(3, "delta", { text: "more" }))).toBe(failed);
    expect(isOver(failed)).toBe(true);
  });

  it("goes on over events that it does not know", () => {
    expect(reduce(run([START]), event(2, "hologram", {}))).toMatchObject({ phase: "answering", lastId: 2 });
  });

  it("keeps the moments of a refusal", () => {
    const refusal = { reason: "not_covered", nearest: [{ text: "近" }] };
    expect(run([START, event(2, "refusal", refusal)]).refusal).toEqual(refusal);
  });
});

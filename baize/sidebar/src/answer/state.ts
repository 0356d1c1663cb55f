// What one answer is, and how each event of its stream changes it. Pure.

import type { ServerEvent } from "../api/sse";
import type { AnswerBody, Citation, EvidenceItem, Problem, Refusal, StartEvent } from "../api/wire";

export type Phase = "asking" | "answering" | "reconnecting" | "offline" | "stopped" | "done" | "failed";

export interface AnswerState {
  readonly phase: Phase;
  readonly answerId: string;
  readonly conversationId: string;
  readonly language: string;
  /** The notice that must stand visibly beside the answer. */
  readonly label: string;
  readonly evidence: readonly EvidenceItem[];
  readonly thinking: string;
  /** Markdown with `[n]` markers, as released so far. */
  readonly text: string;
  /** The released pieces one by one, for a screen reader to tell once. */
  readonly released: readonly string[];
  readonly citations: readonly Citation[];
  readonly refusal: Refusal | null;
  readonly followUps: readonly string[];
  readonly degraded: boolean;
  readonly problem: Problem | null;
  /** Of the last event that was taken in. */
  readonly lastId: number;
}

export const UNASKED: AnswerState = {
  phase: "asking",
  answerId: "",
  conversationId: "",
  language: "",
  label: "",
  evidence: [],
  thinking: "",
  text: "",
  released: [],
  citations: [],
  refusal: null,
  followUps: [],
  degraded: false,
  problem: null,
  lastId: 0,
};

const FINAL: readonly Phase[] = ["stopped", "done", "failed"];

export function isOver(state: AnswerState): boolean {
  return FINAL.includes(state.phase);
}

/** The state after one event. An event that was taken in before, or comes after the end, changes nothing. */
export function reduce(state: AnswerState, event: ServerEvent): AnswerState {
  const id = Number(event.id) || 0;
  if (isOver(state) || (id !== 0 && id <= state.lastId)) return state;
  const next = { ...state, phase: "answering" as Phase, lastId: Math.max(id, state.lastId) };
  const data: unknown = JSON.parse(event.data);
  switch (event.name) {
    case "start": {
      const start = data as StartEvent;
      return {
        ...next,
        answerId: start.answer_id,
        conversationId: start.conversation_id,
        language: start.language,
        label: start.label,
      };
    }
    case "evidence":
      return { ...next, evidence: (data as { items: EvidenceItem[] }).items };
    case "thinking":
      return { ...next, thinking: state.thinking + (data as { text: string }).text };
    case "delta": {
      const { text } = data as { text: string };
      return { ...next, text: state.text + text, released: [...state.released, text] };
    }
    case "citation":
      return { ...next, citations: [...state.citations, data as Citation] };
    case "refusal":
      return { ...next, refusal: data as Refusal };
    case "done":
      return finish(next, data as AnswerBody);
    case "error":
      return fail(next, data as Problem);
    default:
      // An event of a later version.
      return next;
  }
}

/** The state that the whole final answer makes: `done`, or what `GET /answers/{id}` gives. */
export function finish(state: AnswerState, body: AnswerBody): AnswerState {
  return {
    ...state,
    phase: "done",
    answerId: body.answer_id,
    conversationId: body.conversation_id,
    language: body.language,
    label: body.label,
    text: body.text,
    released: state.text ? state.released : [body.text],
    citations: body.citations,
    refusal: body.refusal ?? null,
    followUps: body.follow_ups,
    degraded: Boolean(body.degraded),
  };
}

export function fail(state: AnswerState, problem: Problem): AnswerState {
  return { ...state, phase: "failed", problem };
}

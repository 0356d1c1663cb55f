// Follows one answer to its end, over as many connections as the network makes it take.

import { Refused, segment, type Client } from "../api/client";
import { events, type ServerEvent } from "../api/sse";
import type { AnswerBody, Problem } from "../api/wire";
import { nextFrame } from "../frame";

/** A heartbeat comes every 15 s; twice that and a bit without a byte is a dead connection. */
const SILENCE_MS = 32_000;
/** Taking events in for so long is enough for one frame: an answer that is there already comes in one piece. */
const BUDGET_MS = 4;
const WAITS_MS = [300, 1000, 2000, 4000, 8000, 15_000];

export interface Progress {
  /** Takes an event in; tells whether the answer is over. */
  take(event: ServerEvent): boolean;
  /** Takes the whole answer in, when only that is left on the server. */
  takeWhole(body: AnswerBody): void;
  reconnecting(): void;
  offline(): void;
  /** The answer and the last event that were taken in; null before `start`. */
  where(): { answerId: string; lastId: number } | null;
}

export interface Waits {
  silenceMs: number;
  waitsMs: readonly number[];
}

/**
 * Ask (`question`), or go on where `progress.where()` stands (null), and take events in until the answer is over.
 *
 * @throws Refused when the server refuses; Lost when it cannot be reached again; AbortError when stopped.
 */
export async function follow(
  client: Client,
  question: unknown,
  progress: Progress,
  signal: AbortSignal,
  { silenceMs, waitsMs }: Waits = { silenceMs: SILENCE_MS, waitsMs: WAITS_MS },
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    if (!navigator.onLine) {
      progress.offline();
      await online(signal);
    }
    const before = progress.where()?.lastId ?? 0;
    try {
      const response = await connect(client, question, progress, signal);
      if (response === null) return;
      for await (const come of events(response, silenceMs)) {
        if (await takeAll(come, progress)) return;
      }
    } catch (error) {
      if (signal.aborted || error instanceof Refused) throw error;
    }
    // The connection ended before the answer did.
    const where = progress.where();
    if (where && where.lastId > before) attempt = 0;
    const wait = waitsMs[attempt];
    if (wait === undefined || (where === null && navigator.onLine && attempt > 0)) throw new Lost();
    progress.reconnecting();
    await pause(wait, signal);
  }
}

/** Takes events in, not too many in one frame; tells whether the answer is over. */
async function takeAll(come: ServerEvent[], progress: Progress): Promise<boolean> {
  let began = performance.now();
  for (const event of come) {
    if (progress.take(event)) return true;
    if (performance.now() - began < BUDGET_MS || document.hidden) continue;
    await nextFrame();
    began = performance.now();
  }
  return false;
}

/** The server cannot be reached. */
export class Lost extends Error {}

async function connect(
  client: Client,
  question: unknown,
  progress: Progress,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array> | null> {
  const where = progress.where();
  const accept = "text/event-stream";
  if (where === null) {
    return bodyOf(await client.call("answers", { method: "POST", body: question, accept, signal }));
  }
  const path = `answers/${segment(where.answerId)}`;
  try {
    const headers = { "Last-Event-ID": String(where.lastId) };
    return bodyOf(await client.call(`${path}/events`, { accept, headers, signal }));
  } catch (error) {
    if (!(error instanceof Refused) || !isGone(error.problem)) throw error;
  }
  // The log of its events is over; the finished answer stays.
  progress.takeWhole(await client.json<AnswerBody>(path, { signal }));
  return null;
}

function bodyOf(response: Response): ReadableStream<Uint8Array> {
  if (!response.body) throw new TypeError("a stream without a body");
  return response.body;
}

function isGone({ status }: Problem): boolean {
  return status === 404 || status === 405 || status === 410;
}

function online(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    window.addEventListener("online", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Waits, but not longer than until the network or the tab comes back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const end = (): void => {
      over.abort();
      clearTimeout(timer);
    };
    const wake = (): void => {
      end();
      resolve();
    };
    const timer = setTimeout(wake, ms);
    window.addEventListener("online", wake, { signal: over.signal });
    signal.addEventListener("abort", () => (end(), reject(signal.reason)), { once: true, signal: over.signal });
  });
}

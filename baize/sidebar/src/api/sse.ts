// Server-Sent Events from a fetch body (WHATWG HTML, section 9.2): EventSource can neither POST nor send a token.

import { nextFrame } from "../frame";

export interface ServerEvent {
  /** The last id that the stream named; empty before the first. */
  id: string;
  name: string;
  data: string;
}

/** Bytes that are parsed in one frame: an answer that is there already comes in one read. */
const PIECE = 8_192;

/** LF, CRLF or CR. A CR at the very end may be half of a CRLF, so it waits. */
const LINE_END = /\r\n|\n|\r(?!$)/g;

/** Parses text that is cut anywhere. Pure: `feed` returns the events that have become whole. */
export class EventParser {
  #rest = "";
  #id = "";
  #name = "";
  #data: string[] = [];
  #begun = false;

  feed(text: string): ServerEvent[] {
    if (!this.#begun && text) {
      this.#begun = true;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    const whole = this.#rest + text;
    const events: ServerEvent[] = [];
    let from = 0;
    for (const end of whole.matchAll(LINE_END)) {
      const event = this.#line(whole.slice(from, end.index));
      if (event) events.push(event);
      from = end.index + end[0].length;
    }
    this.#rest = whole.slice(from);
    return events;
  }

  #line(line: string): ServerEvent | null {
    if (line === "") return this.#dispatch();
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  #dispatch(): ServerEvent | null {
    const event = this.#data.length
      ? { id: this.#id, name: this.#name || "message", data: this.#data.join("\n") }
      : null;
    this.#name = "";
    this.#data = [];
    return event;
  }
}

/** The stream was silent for too long: heartbeats come every 15 s, so the connection is dead. */
export class Silence extends Error {}

/**
 * The events of a body, as many at a time as have come, until it ends.
 *
 * @throws Silence when nothing at all came for `silenceMs`; a network error as the browser raises it.
 */
export async function* events(body: ReadableStream<Uint8Array>, silenceMs: number): AsyncGenerator<ServerEvent[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    // The answer's own place is drawn first.
    if (!document.hidden) await nextFrame();
    for (;;) {
      const { done, value } = await within(reader.read(), silenceMs);
      if (done) return;
      for (let at = 0; at < value.length; at += PIECE) {
        // Also for a small one: of a fast server, many would be read in one frame.
        if (!document.hidden) await nextFrame();
        yield parser.feed(decoder.decode(value.subarray(at, at + PIECE), { stream: true }));
      }
    }
  } finally {
    // Also when the consumer leaves early: the server must learn that nobody reads on.
    reader.cancel().catch(() => {});
  }
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Silence()), ms);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

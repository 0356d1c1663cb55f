import { describe, expect, it, vi } from "vitest";
import { EventParser, events, Silence } from "../src/api/sse";

const STREAM =
  '\uFEFFid: 1\nevent: start\ndata: {"n": 1}\n\n: ping\n\nid: 2\r\nevent: delta\r\ndata: 你\r\ndata:好\r\n\r\ndata: x\rid\r\r';

const parse = (...pieces: string[]) => {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.feed(piece));
};

describe("EventParser", () => {
  it("reads names, ids, comments, several lines of data and all three ends of a line", () => {
    expect(parse(STREAM, "\n")).toEqual([
      { id: "1", name: "start", data: '{"n": 1}' },
      { id: "2", name: "delta", data: "你\n好" },
      { id: "", name: "message", data: "x" },
    ]);
  });

  it("gives the same events however the stream is cut", () => {
    const whole = parse(STREAM, "\n");
    expect(parse(...STREAM, "\n")).toEqual(whole);
    for (let a = 0; a <= STREAM.length; a += 1) {
      for (let b = a; b <= STREAM.length; b += 1) {
        expect(parse(STREAM.slice(0, a), STREAM.slice(a, b), STREAM.slice(b), "\n")).toEqual(whole);
      }
    }
  });

  it("keeps an event that is not whole to itself", () => {
    expect(parse("id: 1\nevent: done\ndata: {}\n")).toEqual([]);
  });
});

describe("events", () => {
  const body = (...pieces: Uint8Array[]) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
      },
    });

  it("decodes characters that are cut between two reads", async () => {
    const bytes = new TextEncoder().encode("data: 量血压\n\n");
    const stream = events(body(bytes.slice(0, 8), bytes.slice(8)), 1000);
    expect((await stream.next()).value).toEqual([]);
    expect((await stream.next()).value).toEqual([{ id: "", name: "message", data: "量血压" }]);
    await stream.return(undefined);
  });

  it("shares a large read out, whatever character it is cut in", async () => {
    const told = Array.from({ length: 2000 }, (_, n) => `第 ${String(n)} 句：量血压。`);
    const bytes = new TextEncoder().encode(told.map((text) => `data: ${text}\n\n`).join(""));
    const stream = events(body(bytes), 1000);
    const read: string[] = [];
    let n = 0;
    for (; read.length < told.length; n += 1) {
      const { value } = await stream.next();
      for (const event of value ?? []) read.push(event.data);
    }
    expect(read).toEqual(told);
    expect(n).toBe(Math.ceil(bytes.length / 8192));
    await stream.return(undefined);
  });

  it("takes one read in a frame, however fast they come", async () => {
    let frames = 0;
    vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => {
      frames += 1;
      return setTimeout(callback);
    });
    const stream = events(body(...["a", "b", "c"].map((data) => new TextEncoder().encode(`data: ${data}\n\n`))), 1000);
    const read: [string | undefined, number][] = [];
    for (let n = 0; n < 3; n += 1) read.push([(await stream.next()).value?.[0]?.data, frames]);
    // The first frame is that of the question.
    expect(read).toEqual([["a", 2], ["b", 3], ["c", 4]]);
    await stream.return(undefined);
    vi.unstubAllGlobals();
  });

  it("gives up on a stream that is silent", async () => {
    await expect(events(body(), 20).next()).rejects.toBeInstanceOf(Silence);
  });
});

// Server-Sent Events from a fetch body: EventSource cannot POST.

/** Parses text cut anywhere; `feed` gives back the events that have become whole. */
export class EventParser {
  #rest = "";

  feed(text) {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop();
    return blocks.map(parseBlock).filter((event) => event !== null);
  }
}

function parseBlock(block) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice("event: ".length);
    if (line.startsWith("data: ")) data.push(line.slice("data: ".length));
  }
  // A comment, the heartbeat, has no data.
  return data.length ? { name, data: JSON.parse(data.join("\n")) } : null;
}

/** Asks, and yields the events of the answer. Throws a problem object when the server refuses. */
export async function* askStream(body, signal) {
  const response = await fetch("/v1/answers", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok) throw await response.json();
  const parser = new EventParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield* parser.feed(value);
  }
}

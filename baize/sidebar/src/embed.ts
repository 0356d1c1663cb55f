// The page that a host which cannot load scripts puts into an <iframe> (`/embed`): messages of the host become
// properties of the one <baize-sidebar> on it, and its events become messages to the host.
//
// A message counts only from the parent window, and only from an origin of the platform. Nothing but "hello"
// and a size leaves the page before the host has told who it is by such a message.
//
// The element itself is loaded beside this file: an import of the entry under another address would load it twice.

import type { BaizeSidebar } from "./element";

const TEXTS = ["course", "lesson", "token", "learner", "locale", "theme"] as const;
const EVENTS = ["ready", "seek", "lesson", "course", "answer", "error", "token-expired", "preferences"] as const;

/** Web origins of the platform, as the server wrote them into the page. */
const origins = (document.querySelector<HTMLMetaElement>('meta[name="baize-origins"]')?.content ?? "").split(" ");

let host = "";
let sidebar: BaizeSidebar | null = null;

const style = new CSSStyleSheet();
style.replaceSync("body { margin: 0 } baize-sidebar { --baize-radius: 0 }");
document.adoptedStyleSheets = [style];

window.addEventListener("message", ({ source, origin, data }: MessageEvent<unknown>) => {
  if (source !== window.parent || window.parent === window || !origins.includes(origin)) return;
  if (typeof data !== "object" || data === null) return;
  host = origin;
  const told = data as Record<string, unknown>;
  if (told["baize"] === "set") set(told);
  if (told["baize"] === "ask" && typeof told["question"] === "string") sidebar?.ask(told["question"]);
});

/** Whatever has the right type; the rest of a message is not ours. */
function set(told: Record<string, unknown>): void {
  const element = sidebar ?? document.createElement("baize-sidebar");
  for (const name of TEXTS) {
    const value = told[name];
    if (typeof value === "string") Object.assign(element, { [name]: value });
  }
  if (typeof told["elder"] === "boolean") element.elder = told["elder"];
  if (typeof told["position"] === "number" || told["position"] === null) element.position = told["position"];
  if (sidebar) return;
  sidebar = element;
  for (const name of EVENTS) element.addEventListener(`baize-${name}`, (event) => forward(event as CustomEvent<object>));
  document.body.append(element);
  new ResizeObserver(() => say({ baize: "size", height: Math.ceil(element.getBoundingClientRect().height) })).observe(element);
}

/** The player and the lessons are the host's: it is told, and moves them itself. */
function forward(event: CustomEvent<object>): void {
  if (event.cancelable) event.preventDefault();
  const detail = Object.fromEntries(Object.entries(event.detail).filter(([, value]) => typeof value !== "function"));
  say({ baize: "event", name: event.type, detail });
}

function say(message: object): void {
  window.parent.postMessage(message, host);
}

// Properties that are set before the element is defined survive; a host that hears this may set them at once.
if (window.parent !== window) window.parent.postMessage({ baize: "hello" }, "*");

// What the views may use of the element, and words for places.

import type { Conversation, Turn } from "../answer/conversation";
import type { AnswerView } from "../answer/view";
import type { Capabilities, Citation, Locator, Mode, Place, Preferences } from "../api/wire";
import type { ForYouPanel } from "../for-you/panel";
import type { Say } from "../i18n";
import type { Outline } from "../outline";
import type { PracticePanel } from "../practice/panel";
import { clock } from "../player/jump";
import type { Navigator } from "../player/navigator";
import type { Searching } from "../searching";
import type { Storyboards } from "../storyboard";
import type { SupportDesk } from "../support/desk";
import type { Listener } from "../voice/listen";
import type { Reader } from "../voice/read";

export type Screen = "home" | "ask" | "outline" | "search" | "practice" | "for-you" | "settings";

/** The element, as its views see it. */
export interface Model {
  readonly say: Say;
  readonly course: string;
  readonly lesson: string;
  readonly isElder: boolean;
  readonly preferences: Preferences;
  readonly capabilities: Capabilities;
  readonly screen: Screen;
  readonly mode: Mode;
  readonly conversation: Conversation;
  readonly navigator: Navigator;
  readonly outline: Outline;
  readonly storyboards: Storyboards;
  readonly searching: Searching;
  readonly listener: Listener;
  readonly reader: Reader;
  readonly feedback: ReadonlyMap<string, "open" | "sent">;
  readonly voiceTrouble: string;
  readonly learner: string;
  /** Null until its code has come. */
  readonly practice: PracticePanel | null;
  /** Whether there is somebody to recommend to, and a server that does. */
  readonly recommends: boolean;
  /** Null until its code has come. */
  readonly forYou: ForYouPanel | null;
  /** Null until its code has come. */
  readonly desk: SupportDesk | null;

  show(screen: Screen): void;
  choose(changes: Partial<Preferences>): void;
  setMode(mode: Mode): void;
  ask(question: string): void;
  open(place: Place): void;
  viewOf(turn: Turn): AnswerView;
  rate(turn: Turn, rating: "up" | "down", reason?: string, correction?: string): void;
  listen(): void;
  requestUpdate(): void;
  /** Until what was asked to be drawn is. */
  readonly updateComplete: Promise<boolean>;
}

/** Where a place stands, for people: `在家量血压 · 0:22`. */
export function describe(say: Say, { lesson_title: title, locator }: { lesson_title: string; locator: Locator }): string {
  return [title, spot(say, locator)].filter(Boolean).join(" · ");
}

/** Where in its lesson: a time, a page; nothing for an entry of the FAQ, whose lesson is called so already. */
export function spot(say: Say, locator: Locator): string {
  if (locator.kind === "time") return clock(locator.start);
  if (locator.kind === "faq") return "";
  return [locator.page ? say("page", { n: locator.page }) : "", locator.section ?? ""].filter(Boolean).join(" · ");
}

export function placeOf(citation: Citation): Place {
  return { ...citation, text: citation.quote };
}

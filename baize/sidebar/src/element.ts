// <baize-sidebar>: attributes and properties in, events out; the rest is in the modules that it puts together.

import { LitElement, html, unsafeCSS, type PropertyDeclarations, type PropertyValues, type TemplateResult } from "lit";
import { Conversation, type Turn } from "./answer/conversation";
import { AnswerView, citationOf, prepare } from "./answer/view";
import { Client, segment } from "./api/client";
import type { Capabilities, Citation, Mode, Place, Preferences, Problem, Theme } from "./api/wire";
import type { ForYouPanel } from "./for-you/panel";
import { nextFrame } from "./frame";
import { load, match, speaker, type Say } from "./i18n";
import { Outline, playing } from "./outline";
import { Navigator } from "./player/navigator";
import type { PracticePanel } from "./practice/panel";
import { DEFAULTS, Remembered, SLOW } from "./preferences";
import { scopeOf, Searching } from "./searching";
import { Storyboards } from "./storyboard";
import type { SupportDesk } from "./support/desk";
import styles from "./sidebar.css?inline";
import { describe, placeOf, type Model, type Screen } from "./views/model";
import { shellView } from "./views/shell";
import { Listener } from "./voice/listen";
import { Reader } from "./voice/read";
import { Teller } from "./voice/tell";

/** The API that serves this very file: `…/sidebar/x.js` → `…/v1/`. */
const OWN_API = new URL(/* @vite-ignore */ "../v1/", import.meta.url).href;

/** Numbers the elements of a page, so that two of them keep two conversations. */
const alive = new Set<number>();

export class BaizeSidebar extends LitElement implements Model {
  static override properties: PropertyDeclarations = {
    course: { type: String },
    lesson: { type: String },
    token: { type: String },
    learner: { type: String },
    locale: { type: String },
    player: {},
    api: { type: String },
    theme: { type: String },
    elder: { type: Boolean },
    position: { attribute: false, noAccessor: true },
  };

  static override styles = unsafeCSS(styles);

  declare course: string;
  declare lesson: string;
  declare token: string;
  declare learner: string;
  declare locale: string;
  declare player: unknown;
  declare api: string;
  declare theme: Theme;
  declare elder: boolean;

  say: Say = () => "";
  screen: Screen = "ask";
  mode: Mode = "explain";
  conversation!: Conversation;
  outline!: Outline;
  storyboards!: Storyboards;
  searching!: Searching;
  listener!: Listener;
  readonly navigator: Navigator = new Navigator(this.#stage());
  readonly reader = new Reader(() => this.requestUpdate());
  readonly feedback = new Map<string, "open" | "sent">();
  voiceTrouble = "";
  practice: PracticePanel | null = null;
  forYou: ForYouPanel | null = null;
  desk: SupportDesk | null = null;

  #remembered!: Remembered;
  #client!: Client;
  #views = new WeakMap<Turn, AnswerView>();
  #position: number | null = null;
  #place = 0;
  #words = "";
  #isSettled = false;
  #live: AbortController | null = null;
  #watchedPlayer: AbortController | null = null;
  readonly #teller = new Teller(
    () => this.renderRoot.querySelector("#live"),
    () => this.conversation.turns[0],
  );
  #tick = "";

  constructor() {
    super();
    this.course = "";
    this.lesson = "";
    this.token = "";
    this.learner = "";
    this.locale = "";
    this.player = "";
    this.api = "";
    this.theme = "auto";
    this.elder = false;
  }

  /** Seconds; for hosts whose player the sidebar cannot see. */
  get position(): number | null {
    return this.#position;
  }

  set position(second: number | null) {
    this.#position = second;
    this.#moved();
  }

  get preferences(): Preferences {
    const { elder, theme } = this;
    return this.#remembered.chosen ?? { ...DEFAULTS, elder, theme, ...(elder ? { speech_rate: SLOW } : {}) };
  }

  get recommends(): boolean {
    return Boolean(this.capabilities.recommendations && (this.capabilities.learner_id ?? this.learner));
  }

  get capabilities(): Capabilities {
    return this.#remembered.capabilities;
  }

  get isElder(): boolean {
    return this.preferences.elder;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // A move within the page disconnects and connects at once: then all of it goes on.
    if (this.#live) return;
    this.#live = new AbortController();
    for (this.#place = 0; alive.has(this.#place); this.#place += 1);
    alive.add(this.#place);
    if (this.hasUpdated) this.#build();
    void this.#start(this.#live.signal);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    queueMicrotask(() => {
      if (!this.isConnected) this.#end();
    });
  }

  protected override async scheduleUpdate(): Promise<void> {
    // Once a frame is enough, however fast sentences arrive.
    if (this.hasUpdated) await nextFrame();
    super.scheduleUpdate();
  }

  protected override render(): TemplateResult {
    const { theme } = this.preferences;
    return html`<div
        class="shell ${this.isElder ? "elder" : ""} ${theme}"
        part="shell"
        role="complementary"
        lang=${this.#words}
        dir=${this.say("$dir") || "ltr"}
        aria-label=${this.say("name")}
      >
        ${this.#isSettled ? shellView(this) : ""}
        <div class="quote" id="quote" role="tooltip" part="quote" hidden></div>
      </div>
      <div class="sr" role="log" aria-live="polite" id="live"></div>`;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    // Not in the constructor: what a host set before this file came is given back just now.
    if (!this.hasUpdated) return this.#build();
    if (changed.has("api")) this.#build();
    if (changed.has("locale")) void this.#speak();
    if (changed.has("course")) {
      this.reader.stop();
      this.#converse();
      void this.conversation.resume().catch(() => {});
    }
    if (changed.has("token") || changed.has("learner")) void this.#remembered.load();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!this.#isSettled || !this.isConnected) return;
    if (changed.has("player") || changed.has("lesson") || !this.#watchedPlayer) this.#watchPlayer();
    if (this.screen === "outline" && this.lesson) void this.outline.load(this.lesson);
    if (this.screen === "practice") void this.#practise();
    if (this.screen === "for-you") void this.#recommend();
    const { asking, reading } = this.navigator;
    if (asking) void this.storyboards.want(asking.lesson_id);
    if (asking || this.screen === "outline") this.storyboards.fill(this.renderRoot);
    const dialog = this.renderRoot.querySelector("dialog");
    if (dialog && Boolean(asking ?? reading) !== dialog.open) {
      if (dialog.open) dialog.close();
      else dialog.showModal();
    }
    this.#teller.tell();
  }

  show(screen: Screen): void {
    if (screen === "for-you") this.forYou?.forget();
    // One thing at a time: what is read is no longer there, nor is the button that would stop it.
    if (this.isElder) this.reader.stop();
    this.screen = screen;
    this.requestUpdate();
    void this.updateComplete.then(() => {
      const target = this.isElder
        ? this.renderRoot.querySelector<HTMLElement>(".panel h2, .panel textarea, .panel input, .header button")
        : this.renderRoot.querySelector<HTMLElement>(`#tab-${screen}`);
      target?.focus();
    });
  }

  choose(changes: Partial<Preferences>): void {
    // At a slow pace in elder mode, until the learner says otherwise.
    const pace = changes.elder === undefined ? {} : { speech_rate: changes.elder ? SLOW : DEFAULTS.speech_rate };
    const chosen = { ...this.preferences, ...pace, ...changes };
    void this.#remembered.choose(chosen);
    this.#dispatch("baize-preferences", chosen);
    if (changes.elder !== undefined) this.show(changes.elder ? "home" : "settings");
  }

  setMode(mode: Mode): void {
    this.mode = mode;
    this.requestUpdate();
  }

  /** Asks a question, as if the learner had typed it. */
  ask(question: string): void {
    // The frame at hand is that of the key or finger, and of the emptied field; the question is drawn in the next.
    void nextFrame();
    this.reader.stop();
    this.screen = "ask";
    const t = this.navigator.position();
    const named = this.capabilities.learner_id ? "" : this.learner;
    void this.conversation.ask({
      question,
      scope: scopeOf("course", this),
      mode: this.mode,
      ...(t !== null && this.lesson ? { position: { lesson_id: this.lesson, t } } : {}),
      ...(named ? { learner_id: named } : {}),
    });
  }

  open(place: Place): void {
    void this.navigator.open(place);
  }

  viewOf(turn: Turn): AnswerView {
    let view = this.#views.get(turn);
    if (!view) {
      view = new AnswerView(
        (citation) => this.say("source", { n: citation.marker, place: describe(this.say, citation) }),
        () => this.requestUpdate(),
      );
      this.#views.set(turn, view);
    }
    return view;
  }

  rate(turn: Turn, rating: "up" | "down", reason?: string, correction?: string): void {
    const { answerId } = turn.state;
    if (rating === "down" && !reason) {
      this.feedback.set(answerId, this.feedback.get(answerId) === "open" ? "sent" : "open");
      if (this.feedback.get(answerId) === "sent") this.feedback.delete(answerId);
    } else {
      const body = { answer_id: answerId, rating, ...(reason ? { reason } : {}), ...(correction ? { correction } : {}) };
      this.feedback.set(answerId, "sent");
      this.#client.call("feedback", { method: "POST", body }).catch(() => {
        this.feedback.delete(answerId);
        this.requestUpdate();
      });
    }
    this.requestUpdate();
  }

  listen(): void {
    this.voiceTrouble = "";
    // A microphone would hear it.
    this.reader.stop();
    if (this.listener.hearing === "listening") this.listener.stop();
    else void this.listener.start(this.#words, this.capabilities.transcriptions);
    this.requestUpdate();
  }

  #build(): void {
    const base = this.api ? new URL(this.api.replace(/\/*$/, "/"), document.baseURI).href : OWN_API;
    const changed = (): void => this.requestUpdate();
    this.#client = new Client(base, () => this.token, () => this.#dispatch("baize-token-expired", {}));
    this.#remembered = new Remembered(this.#client, changed, () => this.learner);
    this.outline = new Outline(this.#client, changed);
    this.storyboards?.forget();
    this.storyboards = new Storyboards(this.#client, changed);
    this.searching = new Searching(this.#client, changed);
    this.practice = null;
    this.forYou = null;
    this.desk = null;
    this.listener = new Listener(this.#client, {
      changed,
      text: (text) => {
        const area = this.renderRoot.querySelector<HTMLTextAreaElement>("#question");
        if (area) area.value = text;
      },
      trouble: (key) => {
        this.voiceTrouble = key;
        this.requestUpdate();
      },
    });
    this.#converse();
  }

  /** Another course, another conversation: `it` must not point back. */
  #converse(): void {
    this.conversation?.leave();
    this.conversation = new Conversation(this.#client, `baize:${this.course}:${String(this.#place)}`, {
      changed: () => this.requestUpdate(),
      grown: (turn) => {
        this.viewOf(turn).show(turn.state);
        this.#teller.tell();
      },
      answered: (turn) => this.#answered(turn),
      failed: (problem: Problem) => this.#dispatch("baize-error", { ...problem }),
    });
  }

  /** Its code comes with the first look at it. */
  async #practise(): Promise<void> {
    if (!this.practice) {
      const { PracticePanel } = await import("./practice/panel");
      this.practice ??= new PracticePanel(this.#client, () => this.requestUpdate());
      this.requestUpdate();
    }
    await this.practice.load(this.lesson, this.capabilities.learner_id ?? this.learner);
  }

  /** Its code comes with the first look at it. */
  async #recommend(): Promise<void> {
    if (!this.forYou) {
      const { ForYouPanel } = await import("./for-you/panel");
      const open = (id: string): boolean => this.#dispatch("baize-course", { course_id: id }, true);
      this.forYou ??= new ForYouPanel(this.#client, () => this.requestUpdate(), open);
    }
    await this.forYou.load(this.capabilities.learner_id ?? this.learner, this.#words.slice(0, 2));
  }

  /** What the course has nothing on may be the platform's: its service desk is asked, in the same place. So is who asks for a person, in any mode. */
  async #serve(turn: Turn): Promise<void> {
    const { refusal, citations } = turn.state;
    const isOpen = refusal
      ? refusal.reason === "not_covered"
      : citations.length > 0 && citations.every(({ locator }) => locator.kind === "faq");
    const isDesks = refusal?.reason === "person" || (isOpen && turn.body?.mode === "explain");
    if (!isDesks || !this.capabilities.support) return;
    const { SupportDesk } = await import("./support/desk");
    this.desk ??= new SupportDesk(this.#client, () => this.requestUpdate());
    await this.desk.ask(turn);
  }

  async #start(signal: AbortSignal): Promise<void> {
    await this.updateComplete;
    this.#listen(signal);
    await this.#speak();
    this.#isSettled = true;
    if (this.elder) this.screen = "home";
    this.requestUpdate();
    await this.updateComplete;
    this.#dispatch("baize-ready", {});
    await this.#remembered.load();
    if (this.isElder && this.screen === "ask" && !this.conversation.turns.length) this.screen = "home";
    // Who was being answered sees it, in elder mode too.
    const open = (): unknown => this.screen === "home" && (this.screen = "ask");
    await this.conversation.resume(open).catch(() => {});
    await idle();
    await prepare().then(({ rehearse }) => rehearse(idle), () => {});
  }

  #end(): void {
    this.#live?.abort();
    this.#live = null;
    this.#watchedPlayer?.abort();
    this.#watchedPlayer = null;
    this.conversation.leave();
    this.outline.forget();
    this.storyboards.forget();
    this.reader.stop();
    this.listener.stop();
    alive.delete(this.#place);
  }

  async #speak(): Promise<void> {
    const locale = match(this.locale || document.documentElement.lang || navigator.language);
    if (locale === this.#words) return;
    const words = await load(locale);
    this.#words = locale;
    this.say = speaker(words);
    this.requestUpdate();
  }

  #listen(signal: AbortSignal): void {
    const root = this.renderRoot;
    for (const name of ["focusin", "pointerover"]) root.addEventListener(name, this.#onReach, { signal });
    root.addEventListener("focusout", () => this.#hideQuote(), { signal });
    root.addEventListener("pointerout", this.#onLeave, { signal });
    root.addEventListener("click", this.#onClick, { signal });
    root.addEventListener("keydown", (event) => (event as KeyboardEvent).key === "Escape" && this.#hideQuote(), { signal });
  }

  #watchPlayer(): void {
    this.#watchedPlayer?.abort();
    this.#watchedPlayer = new AbortController();
    this.navigator.player?.onMove(() => this.#moved(), this.#watchedPlayer.signal);
    void this.outline.lesson(this.lesson).then((lesson) => {
      if (lesson) this.navigator.know(lesson.id, lesson.title);
    });
  }

  /** Playback went on: only the outline cares, and only when another line is being said. */
  #moved(): void {
    if (this.screen !== "outline") return;
    const { chapters, cues } = this.outline.content;
    const t = this.navigator.position();
    const tick = `${String(playing(chapters, t))} ${String(playing(cues, t))}`;
    if (tick === this.#tick) return;
    this.#tick = tick;
    this.requestUpdate();
    if (this.outline.follows) void this.updateComplete.then(() => this.#followPlayback());
  }

  #followPlayback(): void {
    const frame = this.renderRoot.querySelector<HTMLElement>(".transcript");
    const line = frame?.querySelector<HTMLElement>("[aria-current]");
    if (!frame || !line) return;
    // Within its frame only: the page itself must not move under the learner.
    const below = line.getBoundingClientRect().top - frame.getBoundingClientRect().top;
    frame.scrollBy({ top: below - frame.clientHeight / 3 });
  }

  #answered(turn: Turn): void {
    const { answerId, conversationId, citations, refusal, degraded, text, language } = turn.state;
    this.#dispatch("baize-answer", {
      answer_id: answerId,
      conversation_id: conversationId,
      n_citations: citations.length,
      refused: refusal?.reason ?? null,
      degraded,
    });
    void this.#serve(turn).catch(() => {});
    if (this.preferences.read_aloud && !turn.restored) {
      this.reader.read(turn.key, text, language, this.preferences.speech_rate);
    }
  }

  #citationAt(target: EventTarget | null): { chip: HTMLElement; citation: Citation; turn: Turn } | null {
    const chip = target instanceof Element ? target.closest<HTMLElement>(".chip") : null;
    const node = chip?.closest(".answer");
    if (!chip || !node) return null;
    const turn = this.conversation.turns.find((one) => this.viewOf(one).node === node);
    const [marker, nth] = [Number(chip.dataset["marker"]), Number(chip.dataset["nth"])];
    const citation = turn && citationOf(turn.state.citations, marker, nth);
    return turn && citation ? { chip, citation, turn } : null;
  }

  #onClick = (event: Event): void => {
    const found = this.#citationAt(event.target);
    if (!found) return;
    this.#hideQuote();
    this.open(placeOf(found.citation));
    const { answerId, phase } = found.turn.state;
    // The server knows an answer once it has ended. What it makes of the jump is the platform's choice (xAPI).
    if (phase === "done") {
      const call = { method: "POST", body: { marker: found.citation.marker }, keepalive: true };
      this.#client.call(`answers/${segment(answerId)}/jumps`, call).catch(() => {});
    }
  };

  #onReach = (event: Event): void => {
    const found = this.#citationAt(event.target);
    if (found) this.#showQuote(found.chip, found.citation);
  };

  #onLeave = (event: Event): void => {
    const to = (event as PointerEvent).relatedTarget;
    // A learner may move on to the quote to read it.
    if (to instanceof Element && to.closest(".quote, .chip")) return;
    const { activeElement } = this.shadowRoot ?? {};
    if (!activeElement?.classList.contains("chip")) this.#hideQuote();
  };

  #showQuote(chip: HTMLElement, citation: Citation): void {
    const quote = this.renderRoot.querySelector<HTMLElement>(".quote");
    if (!quote) return;
    const said = document.createElement("bdi");
    said.textContent = citation.quote;
    const place = document.createElement("span");
    place.className = "place";
    place.textContent = describe(this.say, citation);
    quote.replaceChildren(said, place);
    quote.hidden = false;
    void this.#illustrate(quote, said, citation);
    const [frame, at] = [this.getBoundingClientRect(), chip.getBoundingClientRect()];
    const left = Math.min(Math.max(at.left - frame.left - 16, 8), Math.max(frame.width - quote.offsetWidth - 8, 8));
    quote.style.left = `${String(left)}px`;
    quote.style.top = `${String(at.bottom - frame.top + 4)}px`;
  }

  /** A picture of the moment below its words, where the lesson has any. */
  async #illustrate(quote: HTMLElement, said: Element, { lesson_id: lesson, locator }: Citation): Promise<void> {
    if (locator.kind !== "time") return;
    await this.storyboards.want(lesson);
    const path = this.storyboards.pathAt(lesson, locator.start);
    if (!path || quote.hidden || said.parentNode !== quote) return;
    const picture = document.createElement("img");
    picture.className = "picture";
    picture.alt = "";
    picture.setAttribute("part", "thumbnail");
    picture.dataset["frame"] = path;
    quote.append(picture);
    this.storyboards.fill(quote);
  }

  #hideQuote(): void {
    const quote = this.renderRoot.querySelector<HTMLElement>(".quote");
    if (!quote || quote.hidden) return;
    quote.hidden = true;
  }

  #dispatch(name: string, detail: object, cancelable = false): boolean {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable }));
  }

  #stage(): ConstructorParameters<typeof Navigator>[0] {
    const element = this;
    return {
      get course() {
        return element.course;
      },
      get lesson() {
        return element.lesson;
      },
      get player() {
        return element.player;
      },
      get position() {
        return element.position;
      },
      lessonDuration: async (id) => (await element.outline.lesson(id))?.duration_s ?? null,
      announce: (name, detail) => element.#dispatch(name, detail, true),
      changed: () => element.requestUpdate(),
    };
  }
}

function idle(): Promise<void> {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in window) window.requestIdleCallback(() => resolve(), { timeout: 2000 });
    else setTimeout(resolve, 200);
  });
}

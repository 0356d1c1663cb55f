// The practice tab: a question on the lesson, and today's cards. Fetched when it is first opened.
//
// It is handed Lit's `html` instead of importing it: a chunk that imports the entry would load it twice.

import type { html as Html, nothing as Nothing, TemplateResult } from "lit";
import type { Client } from "../api/client";
import type { Attempt, Place, Quiz, QuizItem, ReviewCard, Reviews } from "../api/wire";
import type { Model } from "../views/model";

export interface Kit {
  html: typeof Html;
  nothing: typeof Nothing;
  card(model: Model, place: Place): TemplateResult;
}

/** A path segment: as `segment` of the client, which lies in the entry. */
const segment = encodeURIComponent;

const RECALLS = ["again", "hard", "good", "easy"] as const;

export class PracticePanel {
  #lesson: string | null = null;
  #learner = "";
  #quiz: Quiz | null = null;
  #reviews: Reviews | null = null;
  #attempts = new Map<string, Attempt>();
  #skipped = new Set<string>();
  #current = "";
  #turned = "";
  #isBusy = false;
  #isLost = false;

  constructor(
    private readonly client: Client,
    private readonly changed: () => void,
  ) {}

  /** What there is for this lesson and learner; nothing happens while both stay. */
  async load(lesson: string, learner: string): Promise<void> {
    if (this.#lesson === lesson && this.#learner === learner) return;
    [this.#lesson, this.#learner] = [lesson, learner];
    await this.#fetch();
  }

  async #fetch(): Promise<void> {
    this.#isLost = false;
    this.#isBusy = true;
    this.changed();
    const here = this.#lesson;
    try {
      const [quiz, reviews] = await Promise.all([
        here ? this.client.maybe<Quiz>(`lessons/${segment(here)}/quiz`) : null,
        this.#learner ? this.client.maybe<Reviews>(`learners/${segment(this.#learner)}/reviews`) : null,
      ]);
      if (here !== this.#lesson) return;
      [this.#quiz, this.#reviews] = [quiz, reviews];
      this.#current = "";
    } catch {
      this.#isLost = true;
    }
    this.#isBusy = false;
    this.changed();
  }

  view(model: Model, kit: Kit): TemplateResult {
    const { html, nothing } = kit;
    const { say } = model;
    if (this.#isLost) {
      return html`<p class="trouble" role="alert">${say("lost")}</p>
        <button type="button" @click=${() => void this.#fetch()}>${say("retry")}</button>`;
    }
    if (this.#isBusy && !this.#quiz && !this.#reviews) return html`<p class="calm busy" role="status">${say("loading")}</p>`;
    return html`${this.#question(model, kit)} ${this.#reviews ? this.#today(model, kit, this.#reviews) : nothing}`;
  }

  #question(model: Model, kit: Kit): TemplateResult {
    const { html } = kit;
    const { say } = model;
    const item = this.#item(model);
    if (!item || !this.#quiz) {
      return html`<h3>${say("quiz")}</h3><p class="calm">${say(this.#quiz?.items.length ? "quiz-over" : "no-quiz")}</p>`;
    }
    const attempt = this.#attempts.get(item.id);
    return html`<h3 id="quiz-title">${say("quiz")}</h3>
      <p class="notice"><span class="badge">${say("ai")}</span> ${this.#quiz.label}</p>
      <div class="quiz" part="quiz" role="group" aria-labelledby="quiz-title" lang=${this.#quiz.language}>
        <p class="asked"><bdi>${item.question}</bdi></p>
        ${attempt ? this.#answered(model, kit, item, attempt) : this.#options(model, kit, item)}
      </div>`;
  }

  #options(model: Model, { html }: Kit, item: QuizItem): TemplateResult {
    const { say } = model;
    return html`<ul class="options" part="options">
        ${item.options.map(
          (option, n) => html`<li>
            <button type="button" part="option" ?disabled=${this.#isBusy} @click=${(event: Event) => void this.#attempt(model, item, n, placeIn(event))}>
              <bdi>${option}</bdi>
            </button>
          </li>`,
        )}
      </ul>
      <div class="buttons"><button type="button" part="skip" @click=${(event: Event) => void this.#next(model, item, true, placeIn(event))}>${say("skip")}</button></div>`;
  }

  #answered(model: Model, { html, card }: Kit, item: QuizItem, attempt: Attempt): TemplateResult {
    const { say } = model;
    return html`<p class="verdict ${attempt.verdict}" part="verdict" role="status">
        ${say(`verdict-${attempt.verdict}`)} ${say("solution", { solution: attempt.solution })}
      </p>
      <ul class="cards" part="quiz-moment">
        ${attempt.locators.slice(0, 1).map((locator) => card(model, placeOf(model, attempt, locator)))}
      </ul>
      <div class="buttons"><button type="button" class="main" part="next" @click=${(event: Event) => void this.#next(model, item, false, placeIn(event))}>${say("next-question")}</button></div>`;
  }

  #today(model: Model, { html, card }: Kit, reviews: Reviews): TemplateResult {
    const { say } = model;
    const [first] = reviews.today;
    const left = say("n-due", { n: reviews.n_due });
    return html`<h3 id="today-title">${say("today")}</h3>
      <p class="quiet" role="status">${reviews.n_cards ? left : ""}</p>
      ${first
        ? html`<div class="quiz" part="review" role="group" aria-labelledby="today-title">
            <p class="asked"><bdi>${first.front}</bdi></p>
            ${this.#turned === first.id
              ? html`<p class="verdict" part="back"><bdi>${first.back}</bdi></p>
                  <ul class="cards">${first.locators.slice(0, 1).map((locator) => card(model, placeOf(model, first, locator)))}</ul>
                  <p id="recall-label">${say("how-well")}</p>
                  <div class="recalls" role="group" aria-labelledby="recall-label" part="recalls">
                    ${RECALLS.map(
                      (recall) => html`<button type="button" ?disabled=${this.#isBusy} @click=${(event: Event) => void this.#grade(model, first, recall, placeIn(event))}>
                        ${say(`recall-${recall}`)}
                      </button>`,
                    )}
                  </div>`
              : html`<div class="buttons"><button type="button" class="main" part="turn" @click=${(event: Event) => void this.#turn(model, first, placeIn(event))}>${say("show-answer")}</button></div>`}
          </div>`
        : html`<p class="calm" part="review-over">${say(reviews.n_cards ? "review-over" : "no-reviews")}</p>`}`;
  }

  /** The question on what was just seen, else the first that was not asked yet; one that is shown stays. */
  #item(model: Model): QuizItem | null {
    const items = this.#quiz?.items ?? [];
    const shown = items.find(({ id }) => id === this.#current);
    if (shown) return shown;
    const open = items.filter(({ id }) => !this.#attempts.has(id) && !this.#skipped.has(id));
    const t = model.navigator.position() ?? 0;
    const seen = open.filter(({ ask_at: end }) => typeof end === "number" && end <= t + 5);
    const item = seen.at(-1) ?? open[0] ?? null;
    this.#current = item?.id ?? "";
    return item;
  }

  async #next(model: Model, item: QuizItem, skipped: boolean, place: Element | null): Promise<void> {
    if (skipped) this.#skipped.add(item.id);
    this.#current = "";
    this.changed();
    await goOn(model, place);
  }

  async #turn(model: Model, card: ReviewCard, place: Element | null): Promise<void> {
    this.#turned = card.id;
    this.changed();
    await goOn(model, place);
  }

  async #attempt(model: Model, item: QuizItem, option: number, place: Element | null): Promise<void> {
    await this.#write(async () => {
      const body = { option, ...named(model) };
      const attempt = await this.client.json<Attempt>(`quiz/${segment(item.id)}/attempts`, { method: "POST", body });
      this.#attempts.set(item.id, attempt);
    });
    await goOn(model, place);
  }

  async #grade(model: Model, card: ReviewCard, recall: (typeof RECALLS)[number], place: Element | null): Promise<void> {
    await this.#write(async () => {
      const body = { recall, learner_id: this.#learner };
      await this.client.call(`reviews/${segment(card.id)}/grade`, { method: "POST", body });
      this.#reviews = await this.client.json<Reviews>(`learners/${segment(this.#learner)}/reviews`);
      this.#turned = "";
    });
    await goOn(model, place);
  }

  async #write(work: () => Promise<void>): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.changed();
    try {
      await work();
    } catch {
      this.#isLost = true;
    }
    this.#isBusy = false;
    this.changed();
  }
}

function placeIn({ currentTarget }: Event): Element | null {
  return (currentTarget as Element).closest(".quiz");
}

/** The button that was pressed is gone: focus goes on to what came in its place, not to the top of the page. */
async function goOn(model: Model, place: Element | null): Promise<void> {
  await model.updateComplete;
  place?.querySelector<HTMLElement>(".main, .options button, .recalls button")?.focus();
}

/** A token says itself whose attempt it is. */
function named(model: Model): { learner_id?: string } {
  return !model.capabilities.learner_id && model.learner ? { learner_id: model.learner } : {};
}

function placeOf(model: Model, from: Attempt | ReviewCard, locator: Place["locator"]): Place {
  const title = from.lesson_id === model.lesson ? (model.outline.content.lesson?.title ?? "") : "";
  return { course_id: from.course_id, lesson_id: from.lesson_id, lesson_title: title, locator, text: from.quote };
}

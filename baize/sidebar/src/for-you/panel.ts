// The tab "For you": what to go on with, courses that could be next, moments worth a look; each says why.

import type { html as Html, nothing as Nothing, TemplateResult } from "lit";
import type { Client } from "../api/client";
import type { Locator, Place, Problem } from "../api/wire";
import type { Model, spot as Spot } from "../views/model";

const KINDS = ["lessons", "courses", "moments"] as const;
type Kind = (typeof KINDS)[number];

interface Recommendation {
  kind: Kind;
  course_id: string;
  course_title: string;
  title: string;
  lesson_id: string | null;
  locator: Locator | null;
  text: string | null;
  sentence: string;
}

/** Handed in, so that this chunk brings no second copy of them. */
interface Lit {
  html: typeof Html;
  nothing: typeof Nothing;
  spot: typeof Spot;
}

const N_EACH = 5;

/** Here and not with the other words: who does not look at this tab does not load them. */
const WORDS = {
  en: {
    lessons: "Go on with",
    courses: "Courses for you",
    moments: "Worth a look",
    empty: "Nothing yet: watch a lesson, and something will be here.",
  },
  zh: { lessons: "接着学", courses: "为您推荐的课程", moments: "值得一看", empty: "还没有推荐：先看一节课，这里就会有内容。" },
};

export class ForYouPanel {
  #lists: Partial<Record<Kind, Recommendation[]>> = {};
  /** What went wrong; empty where nobody said what. Null: nothing did. */
  #trouble: string | null = null;
  #asked = "";

  constructor(
    private readonly client: Client,
    private readonly changed: () => void,
    private readonly openCourse: (courseId: string) => void,
  ) {}

  /** Asks the server, once a learner and language; `forget` makes it ask again. */
  async load(learner: string, language: string): Promise<void> {
    const key = `${learner} ${language}`;
    if (!learner || this.#asked === key) return;
    this.#asked = key;
    this.#trouble = null;
    try {
      const asked = KINDS.map((kind) =>
        this.client.json<{ items: Recommendation[] }>(
          `learners/${encodeURIComponent(learner)}/recommendations?kind=${kind}&k=${String(N_EACH)}&language=${language}`,
        ),
      );
      const found = await Promise.all(asked);
      if (this.#asked !== key) return;
      this.#lists = Object.fromEntries(KINDS.map((kind, n) => [kind, found[n]?.items ?? []]));
    } catch (error) {
      this.#lists = { courses: [], lessons: [], moments: [] };
      this.#trouble = (error as { problem?: Problem }).problem?.detail ?? "";
    }
    this.changed();
  }

  forget(): void {
    this.#asked = "";
  }

  view(model: Model, lit: Lit): TemplateResult {
    const { html, nothing } = lit;
    const { say } = model;
    const words = this.#asked.endsWith(" en") ? WORDS.en : WORDS.zh;
    const again = (): void => {
      this.forget();
      model.requestUpdate();
    };
    if (this.#trouble !== null) {
      return html`<p class="trouble" role="alert">${this.#trouble || say("lost")}</p>
        <div class="buttons"><button type="button" @click=${again}>${say("retry")}</button></div>`;
    }
    if (!this.#lists.courses) return html`<p class="calm" role="status">${say("loading")}</p>`;
    const isEmpty = KINDS.every((kind) => !this.#lists[kind]?.length);
    return html`<h2>${say("for-you")}</h2>
      ${isEmpty ? html`<p class="calm" role="status">${words.empty}</p>` : nothing}
      ${KINDS.map((kind) =>
        this.#lists[kind]?.length
          ? html`<h3>${words[kind]}</h3>
              <ul class="cards" part="recommendations">${this.#lists[kind].map((one) => this.#card(model, lit, one))}</ul>`
          : nothing,
      )}`;
  }

  #card(model: Model, { html, nothing, spot }: Lit, one: Recommendation): TemplateResult {
    const open = (): void => {
      if (one.lesson_id) model.open(placeOf(one, one.lesson_id));
      else this.openCourse(one.course_id);
    };
    return html`<li>
      <button type="button" class="card" part="recommendation" @click=${open}>
        <span class="place"><bdi>${one.title}</bdi>
          ${one.locator ? html`<span class="time">${spot(model.say, one.locator)}</span>` : nothing}</span>
        ${one.text ? html`<span class="said"><bdi>${one.text}</bdi></span>` : nothing}
        <span class="said"><bdi>${one.sentence}</bdi></span>
      </button>
    </li>`;
  }
}

function placeOf(one: Recommendation, lessonId: string): Place {
  return {
    course_id: one.course_id,
    lesson_id: lessonId,
    lesson_title: one.title,
    locator: one.locator ?? { kind: "time", start: 0, end: 0 },
    text: one.text ?? one.sentence,
  };
}

// The outline tab: chapters on a timeline, and the transcript that follows playback.

import { html, nothing, svg, type TemplateResult } from "lit";
import type { Cue, Locator, Place, Prepared, PreparedLine } from "../api/wire";
import { playing, type OutlineContent } from "../outline";
import { clock } from "../player/jump";
import { pathOf } from "../storyboard";
import { spot, type Model } from "./model";

export function outlineView(model: Model): TemplateResult {
  const { say, outline } = model;
  if (outline.phase === "loading") return html`<p class="calm busy" role="status">${say("loading")}</p>`;
  if (outline.phase === "failed") {
    const again = (): void => {
      outline.forget();
      model.requestUpdate();
    };
    return html`<p class="trouble" role="alert">${say("lost")}</p>
      <button type="button" @click=${again}>${say("retry")}</button>`;
  }
  const { content } = outline;
  if (!content.chapters.length && !content.cues.length) return html`<p class="calm">${say("no-outline")}</p>`;
  const now = model.navigator.position();
  return html`${chapters(model, content, now)} ${prepared(model, content)} ${storyboard(model, content)} ${transcript(model, content, now)}`;
}

function goTo(model: Model, locator: Locator, text: string): void {
  const { lesson } = model.outline.content;
  const place: Place = {
    course_id: model.course,
    lesson_id: model.lesson,
    lesson_title: lesson?.title ?? "",
    locator,
    text,
  };
  model.open(place);
}

function chapters(model: Model, { chapters: all, lesson }: OutlineContent, now: number | null): TemplateResult | typeof nothing {
  if (!all.length) return nothing;
  const current = playing(all, now);
  const length = lesson?.duration_s ?? all.at(-1)?.locator.end ?? 1;
  return html`<h3>${model.say("chapters")}</h3>
    <svg class="timeline" part="timeline" viewBox=${`0 0 ${String(length)} 1`} preserveAspectRatio="none" aria-hidden="true">
      ${all.map(
        ({ locator }, n) => svg`<rect class=${n === current ? "now" : ""} x=${locator.start} y="0" height="1"
          width=${Math.max(locator.end - locator.start - length / 200, length / 200)} />`,
      )}
    </svg>
    <ol class="chapters" part="chapters">
      ${all.map(
        (chapter, n) => html`<li>
          <button type="button" class="line" aria-current=${n === current ? "true" : nothing}
            @click=${() => goTo(model, chapter.locator, chapter.title)}>
            <span class="time">${clock(chapter.locator.start)}</span> <bdi>${chapter.title}</bdi>
          </button>
        </li>`,
      )}
    </ol>`;
}

function prepared(model: Model, { keyPoints, summary, glossary }: OutlineContent): unknown[] {
  const terms = glossary?.terms.map(({ term, explanation, ...rest }) => ({ ...rest, term, text: explanation })) ?? [];
  return [
    section(model, "key-points", keyPoints, keyPoints?.key_points ?? []),
    section(model, "summary", summary, summary?.lines ?? []),
    section(model, "glossary", glossary, terms),
  ];
}

type Line = PreparedLine & { term?: string };

function section(model: Model, name: string, head: Prepared | null, lines: Line[]): TemplateResult | typeof nothing {
  if (!head || !lines.length) return nothing;
  const { say } = model;
  return html`<details class="more prepared" part=${name}>
    <summary>${say(name)}</summary>
    <p class="notice"><span class="badge">${say("ai")}</span> ${head.label}</p>
    <ul lang=${head.language}>
      ${lines.map((line) => preparedLine(model, line))}
    </ul>
  </details>`;
}

function preparedLine(model: Model, { text, term, locators }: Line): TemplateResult {
  const [first] = locators;
  const said = html`${term ? html`<b>${term}</b> · ` : nothing}<bdi>${text}</bdi>`;
  if (!first) return html`<li>${said}</li>`;
  return html`<li>
    <button type="button" class="line" @click=${() => goTo(model, first, text)}>
      <span class="time">${spot(model.say, first)}</span> <span>${said}</span>
    </button>
  </li>`;
}

/** Pictures are made when they are first asked for: only who opens this asks. */
function storyboard(model: Model, { lesson }: OutlineContent): TemplateResult | typeof nothing {
  if (!lesson?.duration_s) return nothing;
  const { say, storyboards } = model;
  const scenes = storyboards.of(lesson.id);
  const open = (event: Event): void => {
    if ((event.target as HTMLDetailsElement).open) void storyboards.want(lesson.id);
  };
  return html`<details class="more prepared" part="storyboard" @toggle=${open}>
    <summary>${say("storyboard")}</summary>
    ${scenes?.length
      ? html`<ul class="scenes">
          ${scenes.map(
            (scene) => html`<li>
              <button type="button" class="scene" part="scene" @click=${() => goTo(model, scene.locator, scene.caption)}>
                <img class="picture" alt="" data-frame=${pathOf(lesson.id, scene)} />
                <span class="time">${clock(scene.locator.start)}</span>
                <span class="said"><bdi>${scene.caption || scene.chapter}</bdi></span>
              </button>
            </li>`,
          )}
        </ul>`
      : html`<p class="calm" role="status">${say(scenes ? "no-storyboard" : "loading")}</p>`}
  </details>`;
}

function transcript(model: Model, { cues }: OutlineContent, now: number | null): TemplateResult | typeof nothing {
  if (!cues.length) return nothing;
  const { say, outline } = model;
  const wanted = outline.wanted.trim().toLowerCase();
  const shown = wanted ? cues.filter(({ text }) => text.toLowerCase().includes(wanted)) : cues;
  const current = wanted ? -1 : playing(cues, now);
  const find = (event: InputEvent): void => {
    outline.wanted = (event.target as HTMLInputElement).value;
    model.requestUpdate();
  };
  const follow = (event: Event): void => {
    outline.follows = (event.target as HTMLInputElement).checked;
    model.requestUpdate();
  };
  return html`<h3 id="transcript-title">${say("transcript")}</h3>
    <div class="tools">
      <label>${say("find-in-transcript")}<input type="search" maxlength="100" .value=${outline.wanted} @input=${find} /></label>
      <label class="choice"><input type="checkbox" .checked=${outline.follows} @change=${follow} />
        <span>${say("follow-playback")}</span></label>
    </div>
    <p class="quiet" role="status">${wanted ? say("n-found", { n: shown.length }) : ""}</p>
    <div class="transcript" part="transcript" role="region" aria-labelledby="transcript-title" tabindex="0">
      <ol>
        ${shown.map((cue, n) => cueView(model, cue, n === current, wanted))}
      </ol>
    </div>`;
}

function cueView(model: Model, cue: Cue, isNow: boolean, wanted: string): TemplateResult {
  return html`<li>
    <button type="button" class="line" aria-current=${isNow ? "true" : nothing} @click=${() => goTo(model, cue.locator, cue.text)}>
      <span class="time">${clock(cue.locator.start)}</span> <bdi>${marked(cue.text, wanted)}</bdi>
    </button>
  </li>`;
}

function marked(text: string, wanted: string): unknown {
  const at = wanted ? text.toLowerCase().indexOf(wanted) : -1;
  if (at < 0) return text;
  return html`${text.slice(0, at)}<mark>${text.slice(at, at + wanted.length)}</mark>${text.slice(at + wanted.length)}`;
}

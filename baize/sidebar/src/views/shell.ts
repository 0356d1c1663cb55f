// The frame around the tabs: header, way back, notices, the dialog before another lesson, the quote of a chip.

import { html, nothing, type TemplateResult } from "lit";
import type { Place } from "../api/wire";
import { icon, type Icon } from "../icons";
import { clock } from "../player/jump";
import { askView, card } from "./ask";
import { describe, spot, type Model, type Screen } from "./model";
import { outlineView } from "./outline";
import { searchView } from "./search";
import { settingsView } from "./settings";

const TABS = ["ask", "outline", "search", "practice", "for-you"] as const satisfies readonly (Screen & Icon)[];

/** "For you" is there where the server can, and for somebody. */
function tabsOf(model: Model): readonly (typeof TABS)[number][] {
  return model.recommends ? TABS : TABS.filter((name) => name !== "for-you");
}

export function shellView(model: Model): TemplateResult {
  return html`${model.isElder ? elderHeader(model) : header(model)}
    <div class="notices">${wayBack(model)} ${notice(model)}</div>
    ${model.isElder || model.screen === "settings"
      ? html`<div class="panel" part="panel">${panel(model)}</div>`
      : html`<div class="panel" part="panel" id="panel" role="tabpanel" aria-labelledby=${`tab-${model.screen}`}>${panel(model)}</div>`}
    ${dialog(model)}`;
}

function panel(model: Model): TemplateResult {
  switch (model.screen) {
    case "home":
      return home(model);
    case "ask":
      return askView(model);
    case "outline":
      return outlineView(model);
    case "search":
      return searchView(model);
    case "practice":
      return model.practice?.view(model, { html, nothing, card }) ?? html`<p class="calm busy" role="status">${model.say("loading")}</p>`;
    case "for-you":
      return model.forYou?.view(model, { html, nothing, spot }) ?? html`<p class="calm" role="status">${model.say("loading")}</p>`;
    case "settings":
      return settingsView(model);
  }
}

function header(model: Model): TemplateResult {
  const { say } = model;
  const move = (event: KeyboardEvent): void => {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };
    const step = steps[event.key];
    if (step === undefined) return;
    const tabs = tabsOf(model);
    const here = tabs.indexOf(model.screen as (typeof TABS)[number]);
    const next = tabs[(here + step + tabs.length) % tabs.length];
    if (next) model.show(next);
    event.preventDefault();
  };
  const inSettings = model.screen === "settings";
  return html`<header class="header" part="header">
    <div class="tabs" role="tablist" aria-label=${say("tabs")} @keydown=${move}>
      ${tabsOf(model).map((name) => {
        const chosen = model.screen === name;
        return html`<button type="button" role="tab" part="tab" id=${`tab-${name}`} aria-selected=${chosen}
          aria-controls=${chosen ? "panel" : nothing} tabindex=${chosen || (inSettings && name === "ask") ? 0 : -1}
          @click=${() => model.show(name)}>${say(name)}</button>`;
      })}
    </div>
    <button type="button" class="icon" part="settings-button" aria-label=${say("settings")} aria-pressed=${inSettings}
      @click=${() => model.show(inSettings ? "ask" : "settings")}>${icon("gear")}</button>
  </header>`;
}

function elderHeader(model: Model): TemplateResult | typeof nothing {
  const { say } = model;
  if (model.screen === "home") return nothing;
  const hasAnswer = model.screen === "ask" && model.conversation.turns.length > 0;
  return html`<header class="header" part="header">
    <button type="button" part="home" @click=${() => model.show("home")}>${icon("back")}<span>${say("home")}</span></button>
    ${hasAnswer && model.conversation.isAnswering
      ? html`<button type="button" part="stop" @click=${() => model.conversation.stop()}>${say("stop")}</button>`
      : hasAnswer
        ? html`<button type="button" class="main" @click=${() => (model.reader.stop(), model.conversation.putAway())}>${say("ask-again")}</button>`
        : nothing}
  </header>`;
}

function home(model: Model): TemplateResult {
  const { say } = model;
  return html`<h2>${say("what-to-do")}</h2>
    <ul class="home">
      ${tabsOf(model).map(
        (name) => html`<li><button type="button" @click=${() => model.show(name)}>${icon(name)}<span>${say(name)}</span></button></li>`,
      )}
      <li><button type="button" @click=${() => model.show("settings")}>${icon("gear")}<span>${say("settings")}</span></button></li>
    </ul>`;
}

function wayBack(model: Model): TemplateResult | typeof nothing {
  const { navigator, say } = model;
  const { origin } = navigator;
  if (!origin) return nothing;
  const time = clock(origin.position);
  const words =
    origin.lessonId === model.lesson ? say("back", { time }) : say("back-lesson", { time, lesson: origin.lessonTitle });
  return html`<button type="button" class="back" part="back" @click=${() => void navigator.back()}>
    ${icon("back")}<span>${words}</span>
  </button>`;
}

/** Always in the page, so that a screen reader notices when it fills. */
function notice(model: Model): TemplateResult {
  const { notice: told } = model.navigator;
  const words = told
    ? model.say(told.key, { time: clock(told.start ?? 0), lesson: told.lesson ?? "" })
    : "";
  return html`<p class=${told?.isTrouble ? "trouble" : "calm"} role="status" part="notice-line">${words}</p>`;
}

/** What is seen there, where the lesson has pictures. */
function picture({ storyboards }: Model, { lesson_id: lesson, locator }: Place): TemplateResult | typeof nothing {
  const path = locator.kind === "time" ? storyboards.pathAt(lesson, locator.start) : "";
  return path ? html`<img class="picture" part="thumbnail" alt="" data-frame=${path} />` : nothing;
}

function dialog(model: Model): TemplateResult {
  const { navigator, say } = model;
  const { asking, reading } = navigator;
  const place = asking ?? reading;
  const shown = place
    ? html`<h2 id="dialog-title">${asking ? say("other-lesson") : describe(say, place)}</h2>
        ${asking
          ? html`<p>${say("other-lesson-text", { lesson: asking.lesson_title, time: spot(say, asking.locator) })}</p>`
          : nothing}
        ${asking ? picture(model, asking) : nothing}
        <blockquote><bdi>${place.text}</bdi></blockquote>
        <div class="buttons">
          ${asking
            ? html`<button type="button" class="main" part="confirm" @click=${() => void navigator.confirm()}>${say("go-there")}</button>
                <button type="button" part="cancel" @click=${() => navigator.close()}>${say("cancel")}</button>`
            : html`<button type="button" class="main" part="close" @click=${() => navigator.close()}>${say("close")}</button>`}
        </div>`
    : nothing;
  return html`<dialog part="dialog" aria-labelledby="dialog-title" @close=${() => navigator.close()}>${shown}</dialog>`;
}

// The ask tab: a question, and the answers so far, newest first.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Turn } from "../answer/conversation";
import { isOver, type AnswerState } from "../answer/state";
import { prepare } from "../answer/view";
import type { Mode, Place } from "../api/wire";
import { icon } from "../icons";
import { Listener } from "../voice/listen";
import { canRead } from "../voice/read";
import { placeOf, spot, type Model } from "./model";

const N_CARDS = 3;
const MAX_QUESTION = 2000;

export function askView(model: Model): TemplateResult {
  const { turns } = model.conversation;
  // One thing on a screen: the question, or its answer.
  const answered = model.isElder && turns.length > 0;
  return html`
    ${answered ? nothing : [modes(model), composer(model)]}
    <div class="turns" part="turns" role="region" aria-label=${model.say("answers")}>
      ${repeat(
        answered ? turns.slice(0, 1) : turns,
        (turn) => turn.key,
        (turn) => turnView(model, turn),
      )}
    </div>
  `;
}

function modes(model: Model): TemplateResult | typeof nothing {
  const offered = model.capabilities.modes;
  if (offered.length < 2) return nothing;
  return html`<div class="modes" role="group" aria-label=${model.say("modes")}>
    ${offered.map(
      (mode: Mode) =>
        html`<button type="button" aria-pressed=${model.mode === mode} @click=${() => model.setMode(mode)}>
          ${model.say(`mode-${mode}`)}
        </button>`,
    )}
  </div>`;
}

function composer(model: Model): TemplateResult {
  const { say, listener, conversation } = model;
  const field = (event: Event): HTMLTextAreaElement =>
    (event.currentTarget as HTMLElement).closest("form")!.querySelector("textarea")!;
  const send = (event: Event): void => {
    event.preventDefault();
    const area = field(event);
    const question = area.value.trim();
    if (!question || conversation.isAnswering) return;
    area.value = "";
    model.ask(question);
  };
  const onKey = (event: KeyboardEvent): void => {
    // Enter sends, Shift+Enter breaks the line; Enter that ends an input method's composition does neither.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  };
  const heard = listener.hearing;
  return html`<form class="composer" part="composer" @submit=${send}>
    <label for="question">${say("question")}</label>
    <textarea
      id="question"
      part="question"
      rows="2"
      maxlength=${MAX_QUESTION}
      placeholder=${say("question-hint")}
      @keydown=${onKey}
      @focus=${() => void prepare().catch(() => {})}
    ></textarea>
    <div class="buttons">
      ${conversation.isAnswering
        ? html`<button type="button" class="main" part="stop" @click=${() => conversation.stop()}>${say("stop")}</button>`
        : html`<button type="submit" class="main" part="send">${say("send")}</button>`}
      ${Listener.isPossible(model.capabilities.transcriptions !== null)
        ? html`<button type="button" part="speak" aria-pressed=${heard === "listening"} ?disabled=${heard === "writing"}
            @click=${() => model.listen()}>
            ${icon("mic")}<span>${say(heard === "listening" ? "stop-speaking" : "speak")}</span>
          </button>`
        : nothing}
    </div>
    <p class="quiet" role="status">
      ${heard === "listening" ? say("listening") : heard === "writing" ? say("hearing") : ""}
      ${model.voiceTrouble ? say(model.voiceTrouble) : ""}
    </p>
  </form>`;
}

function turnView(model: Model, turn: Turn): TemplateResult {
  const { state } = turn;
  const view = model.viewOf(turn);
  view.show(state);
  const isWhole = isOver(state) && (state.phase !== "done" || view.isWhole);
  return html`<article class="turn" part="turn" aria-busy=${!isWhole} aria-labelledby=${`q${String(turn.key)}`}>
    <h3 id=${`q${String(turn.key)}`} class=${turn.question ? "" : "sr"}>${turn.question || model.say("answers")}</h3>
    ${state.label
      ? html`<p class="notice" part="notice"><span class="badge">${model.say("ai")}</span> ${state.label}</p>`
      : nothing}
    ${thinking(model, state)} ${status(model, turn)} ${view.node} ${refusal(model, state)} ${sources(model, turn)}
    ${model.desk?.view(model, turn, { html, nothing }) ?? nothing}
    ${isWhole ? after(model, turn) : nothing}
  </article>`;
}

function thinking(model: Model, { thinking: text, language }: AnswerState): TemplateResult | typeof nothing {
  if (!text) return nothing;
  return html`<details class="thinking" part="thinking">
    <summary>${model.say("thinking")}</summary>
    <div class="reasoning" lang=${language} tabindex="0">${text}</div>
  </details>`;
}

function status(model: Model, turn: Turn): TemplateResult | typeof nothing {
  const { say } = model;
  const { state } = turn;
  if (state.phase === "failed") {
    const problem = state.problem;
    const words = [problem?.detail, problem?.remedy].filter(Boolean).join(" ");
    const own = problem?.status === 401 ? "session-over" : problem?.title === "lost" ? "lost" : "failed";
    return html`<p class="trouble" part="trouble" role="alert">${problem?.status === 401 || !words ? say(own) : words}</p>`;
  }
  if (state.phase === "done") return state.degraded ? html`<p class="calm" part="degraded">${say("degraded")}</p>` : nothing;
  if (state.phase === "answering" && state.text) return nothing;
  const key = state.phase === "answering" && !state.evidence.length ? "asking" : state.phase;
  return html`<p class="calm ${isOver(state) ? "" : "busy"}">${say(key)}</p>`;
}

function refusal(model: Model, { refusal: refused, text }: AnswerState): TemplateResult | typeof nothing {
  if (!refused) return nothing;
  const { nearest, reason } = refused;
  return html`${text ? nothing : html`<p class="calm">${model.say(nearest.length ? `refusal-${reason}` : "refusal-none")}</p>`}
    <ul class="cards" part="moments">${nearest.map((place) => card(model, place))}</ul>`;
}

/** What was found, at once; when the answer is there, what it stands on. */
function sources(model: Model, turn: Turn): TemplateResult | typeof nothing {
  const { state } = turn;
  if (state.refusal) return nothing;
  const found = state.phase === "done" ? cited(state) : state.evidence.map((item) => ({ ...item, n: item.marker }));
  if (!found.length) return nothing;
  const places = found.slice(0, model.viewOf(turn).cards(found.length));
  const key = state.phase === "done" ? "sources" : "evidence";
  const rest = places.slice(N_CARDS);
  return html`<h4>${model.say(key)}</h4>
    <ul class="cards" part="sources">${places.slice(0, N_CARDS).map((place) => card(model, place, place.n))}</ul>
    ${rest.length
      ? html`<details class="more"><summary>${model.say("more", { n: rest.length })}</summary>
          <ul class="cards">${rest.map((place) => card(model, place, place.n))}</ul></details>`
      : nothing}`;
}

function cited({ citations }: AnswerState): (Place & { n: number })[] {
  const seen = new Set<string>();
  return citations.flatMap((citation) => {
    const key = `${String(citation.marker)} ${citation.quote}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ ...placeOf(citation), n: citation.marker }];
  });
}

export function card(model: Model, place: Place, marker?: number): TemplateResult {
  return html`<li>
    <button type="button" class="card" part="card" @click=${() => model.open(place)}>
      <span class="place">
        ${marker === undefined ? nothing : html`<span class="number">${marker}</span>`}
        <bdi>${place.lesson_title}</bdi> <span class="time">${spot(model.say, place.locator)}</span>
      </span>
      <span class="said"><bdi>${place.text}</bdi></span>
    </button>
  </li>`;
}

function after(model: Model, turn: Turn): TemplateResult {
  const { say } = model;
  const { state } = turn;
  const again = state.phase !== "done" && turn.body;
  return html`
    ${state.followUps.length
      ? html`<h4>${say("follow-ups")}</h4>
          <ul class="follow-ups" part="follow-ups" lang=${state.language}>
            ${state.followUps.map((text) => html`<li><button type="button" @click=${() => model.ask(text)}>${text}</button></li>`)}
          </ul>`
      : nothing}
    <div class="buttons actions" part="actions">
      ${again
        ? html`<button type="button" part="retry" @click=${() => void model.conversation.retry(turn)}>${say("retry")}</button>`
        : nothing}
      ${state.text && canRead() ? reading(model, turn) : nothing} ${state.phase === "done" ? thumbs(model, turn) : nothing}
    </div>
    ${model.feedback.get(state.answerId) === "open" ? complaint(model, turn) : nothing}
  `;
}

function reading(model: Model, turn: Turn): TemplateResult {
  const { reader, preferences, say } = model;
  const isReading = reader.reading === turn.key;
  const toggle = (): void => {
    if (isReading) reader.stop();
    else reader.read(turn.key, turn.state.text, turn.state.language, preferences.speech_rate);
  };
  return html`<button type="button" part="read" aria-pressed=${isReading} @click=${toggle}>
    ${icon("sound")}<span>${say(isReading ? "stop-reading" : "read-aloud")}</span>
  </button>`;
}

function thumbs(model: Model, turn: Turn): TemplateResult | typeof nothing {
  const { say } = model;
  if (!model.capabilities.feedback) return nothing;
  if (model.feedback.get(turn.state.answerId) === "sent") return html`<p class="calm" role="status">${say("thanks")}</p>`;
  return html`<span class="thumbs" part="thumbs" role="group" aria-label=${say("was-helpful")}>
    <button type="button" aria-label=${say("helpful")} @click=${() => model.rate(turn, "up")}>${icon("up")}</button>
    <button type="button" aria-label=${say("not-helpful")} aria-expanded=${model.feedback.get(turn.state.answerId) === "open"}
      @click=${() => model.rate(turn, "down")}>${icon("down")}</button>
  </span>`;
}

const REASONS = ["wrong", "source", "unclear", "other"] as const;

function complaint(model: Model, turn: Turn): TemplateResult {
  const { say } = model;
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    const said = new FormData(event.target as HTMLFormElement);
    model.rate(turn, "down", String(said.get("reason")), String(said.get("correction") ?? "").trim());
  };
  return html`<form class="complaint" part="complaint" @submit=${send}>
    <fieldset>
      <legend>${say("what-is-wrong")}</legend>
      ${REASONS.map(
        (reason, n) => html`<label class="choice"><input type="radio" name="reason" value=${reason} ?checked=${n === 0} />
          <span>${say(`reason-${reason}`)}</span></label>`,
      )}
    </fieldset>
    <label>${say("correction")}<textarea name="correction" rows="2" maxlength="2000"></textarea></label>
    <div class="buttons"><button type="submit">${say("send-feedback")}</button></div>
  </form>`;
}

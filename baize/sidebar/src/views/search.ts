// The search tab: moments of the lesson, the course or the whole platform.

import { html, nothing, type TemplateResult } from "lit";
import type { Where } from "../searching";
import { card } from "./ask";
import type { Model } from "./model";

export function searchView(model: Model): TemplateResult {
  const { say, searching } = model;
  const query = (form: HTMLFormElement): string => String(new FormData(form).get("query") ?? "").trim();
  const run = (form: HTMLFormElement): void => {
    const words = query(form);
    if (words) void searching.search(words, model);
  };
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    run(event.target as HTMLFormElement);
  };
  const choose = (event: Event, where: Where): void => {
    searching.where = where;
    run((event.target as HTMLElement).closest("form")!);
  };
  const places: Where[] = [model.lesson && "lesson", model.course && "course", "platform"].filter(Boolean) as Where[];
  return html`<form class="composer" part="search" role="search" @submit=${send}>
      <label for="query">${say("search-for")}</label>
      <input id="query" name="query" type="search" maxlength="200" enterkeyhint="search" />
      <fieldset class="scopes">
        <legend>${say("where")}</legend>
        ${places.map(
          (where) => html`<label class="choice"><input type="radio" name="where" value=${where}
              .checked=${searching.where === where} @change=${(event: Event) => choose(event, where)} />
            <span>${say(`scope-${where}`)}</span></label>`,
        )}
      </fieldset>
      <div class="buttons"><button type="submit" class="main">${say("search")}</button></div>
    </form>
    <p class="quiet" role="status">
      ${searching.isBusy ? say("loading") : searching.results?.length ? say("n-results", { n: searching.results.length }) : ""}
    </p>
    ${searching.problem
      ? html`<p class="trouble" role="alert">${searching.problem.detail || say("lost")}</p>`
      : searching.results && !searching.results.length && !searching.isBusy
        ? html`<p class="calm">${say("no-results")}</p>`
        : nothing}
    <ul class="cards" part="results">${(searching.results ?? []).map((result) => card(model, result))}</ul>`;
}

// What a learner may set. Remembered on the server.

import { html, nothing, type TemplateResult } from "lit";
import type { Theme } from "../api/wire";
import { SLOW } from "../preferences";
import { canRead } from "../voice/read";
import type { Model } from "./model";

const THEMES: readonly Theme[] = ["auto", "light", "dark"];
const RATES = { "rate-normal": 1, "rate-slow": SLOW } as const;

export function settingsView(model: Model): TemplateResult {
  const { say, preferences } = model;
  const checked = (event: Event): boolean => (event.target as HTMLInputElement).checked;
  return html`<div class="settings" part="settings">
    <label class="choice"><input type="checkbox" .checked=${model.isElder}
        @change=${(event: Event) => model.choose({ elder: checked(event) })} />
      <span>${say("elder")}<small>${say("elder-hint")}</small></span></label>
    <fieldset>
      <legend>${say("theme")}</legend>
      ${THEMES.map(
        (theme) => html`<label class="choice"><input type="radio" name="theme" .checked=${preferences.theme === theme}
            @change=${() => model.choose({ theme })} /><span>${say(`theme-${theme}`)}</span></label>`,
      )}
    </fieldset>
    ${canRead()
      ? html`<label class="choice"><input type="checkbox" .checked=${preferences.read_aloud}
              @change=${(event: Event) => model.choose({ read_aloud: checked(event) })} />
            <span>${say("auto-read")}</span></label>
          <fieldset>
            <legend>${say("rate")}</legend>
            ${Object.entries(RATES).map(
              ([key, rate]) => html`<label class="choice"><input type="radio" name="rate"
                  .checked=${preferences.speech_rate === rate} @change=${() => model.choose({ speech_rate: rate })} />
                <span>${say(key)}</span></label>`,
            )}
          </fieldset>`
      : nothing}
  </div>`;
}

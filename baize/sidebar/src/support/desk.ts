// Customer service, below an answer that the course could not give: an entry of the platform's FAQ, the learner's own
// record, or the way to a person. Fetched with the first such question.
//
// Nothing is worded here: what is shown is an entry or a record as the server sent it.

import type { html as Html, nothing as Nothing, TemplateResult } from "lit";
import type { Turn } from "../answer/conversation";
import type { Client } from "../api/client";
import type { Model } from "../views/model";

interface HandOver {
  open_now: boolean;
  opens_at: string | null;
}

/** The reply of `POST /v1/support`. */
interface Reply {
  route: "course" | "faq" | "account" | "person";
  language: string;
  text: string;
  faq?: { question: string; entry_id: string };
  suggestions: { question: string; entry_id: string }[];
  hand_over?: HandOver;
}

interface Ticket {
  ticket_id: string;
  hand_over: HandOver;
}

interface Case {
  reply: Reply;
  /** Sent with every attempt, so that a second press makes no second ticket. */
  key: string;
  sending: "open" | "sending" | "lost" | Ticket;
}

/** Handed in, so that this chunk brings no second copy of them. */
interface Lit {
  html: typeof Html;
  nothing: typeof Nothing;
}

const WORDS = {
  en: {
    title: "Customer service",
    also: "Did you mean",
    message: "What should we pass on?",
    contact: "How can you be reached? (optional)",
    consent: "Pass on this conversation too",
    send: "Send to a person",
    sending: "Sending…",
    lost: "It could not be sent. Please try again.",
    sent: "Sent. Your number: ",
    open: "Somebody is there now.",
    opens: "Somebody is there from ",
  },
  zh: {
    title: "平台客服",
    also: "您是不是想问",
    message: "转告客服的话",
    contact: "怎么联系您？（可不填）",
    consent: "把这次对话也一起转过去",
    send: "转给人工客服",
    sending: "正在转交……",
    lost: "没有转交成功，请再试一次。",
    sent: "已转给客服，编号：",
    open: "现在有人在。",
    opens: "上班时间：",
  },
};

export class SupportDesk {
  #cases = new WeakMap<Turn, Case>();

  constructor(
    private readonly client: Client,
    private readonly changed: () => void,
  ) {}

  /** Asks for a turn that the course had nothing for. Where the desk has nothing either, or is away, nothing is shown. */
  async ask(turn: Turn): Promise<void> {
    const { body } = turn;
    if (!body || this.#cases.has(turn)) return;
    const { question, scope, learner_id } = body;
    const asked = { question, scope, ...(learner_id ? { learner_id } : {}), course_asked: true };
    const reply = await this.client.json<Reply>("support", { method: "POST", body: asked }).catch(() => null);
    if (!reply || reply.route === "course") return;
    this.#cases.set(turn, { reply, key: keyOf(), sending: "open" });
    this.changed();
  }

  /** Null where the desk has said nothing. */
  view(model: Model, turn: Turn, lit: Lit): TemplateResult | null {
    const found = this.#cases.get(turn);
    const { html, nothing } = lit;
    if (!found) return null;
    const { reply } = found;
    const words = wordsOf(reply);
    return html`<section class="service" part="service" lang=${reply.language} aria-label=${words.title}>
      <h4>${words.title}</h4>
      ${reply.faq ? html`<p class="asked"><bdi>${reply.faq.question}</bdi></p>` : nothing}
      <p class="whole" part="service-text" role="status"><bdi>${reply.text}</bdi></p>
      ${reply.suggestions.length
        ? html`<h4>${words.also}</h4>
            <ul class="follow-ups">
              ${reply.suggestions.map(
                ({ question }) => html`<li><button type="button" @click=${() => model.ask(question)}><bdi>${question}</bdi></button></li>`,
              )}
            </ul>`
        : nothing}
      ${reply.hand_over ? this.#handOver(turn, found, lit) : nothing}
    </section>`;
  }

  #handOver(turn: Turn, found: Case, { html, nothing }: Lit): TemplateResult {
    const words = wordsOf(found.reply);
    const { sending } = found;
    if (typeof sending === "object") {
      return html`<p class="calm" part="ticket" role="status">${words.sent}<b>${sending.ticket_id}</b>
        ${hours(words, found.reply, sending.hand_over)}</p>`;
    }
    const isBusy = sending === "sending";
    const send = (event: SubmitEvent): void => {
      event.preventDefault();
      if (!isBusy) void this.#send(turn, found, new FormData(event.target as HTMLFormElement));
    };
    return html`<form class="complaint" part="hand-over" @submit=${send}>
      <p class="calm">${found.reply.hand_over ? hours(words, found.reply, found.reply.hand_over) : nothing}</p>
      <label>${words.message}<textarea name="message" rows="2" maxlength="2000" required .value=${turn.question}></textarea></label>
      <label>${words.contact}<input type="text" name="contact" maxlength="200" autocomplete="off" /></label>
      <label class="choice"><input type="checkbox" name="consent" /><span>${words.consent}</span></label>
      ${sending === "lost" ? html`<p class="trouble" role="alert">${words.lost}</p>` : nothing}
      <div class="buttons"><button type="submit" ?disabled=${isBusy}>${isBusy ? words.sending : words.send}</button></div>
    </form>`;
  }

  async #send(turn: Turn, found: Case, said: FormData): Promise<void> {
    found.sending = "sending";
    this.changed();
    const body = {
      message: String(said.get("message")),
      contact: String(said.get("contact") ?? ""),
      consent: said.has("consent"),
      language: found.reply.language,
      ...(turn.state.conversationId ? { conversation_id: turn.state.conversationId } : {}),
      ...(turn.body?.learner_id ? { learner_id: turn.body.learner_id } : {}),
    };
    const headers = { "Idempotency-Key": found.key };
    found.sending = await this.client
      .json<Ticket>("support/tickets", { method: "POST", body, headers })
      .catch(() => "lost" as const);
    this.changed();
  }
}

function wordsOf({ language }: Reply): (typeof WORDS)["en"] {
  return language === "zh" ? WORDS.zh : WORDS.en;
}

function hours(words: (typeof WORDS)["en"], { language }: Reply, { open_now: isOpen, opens_at: at }: HandOver): string {
  if (isOpen || at === null) return isOpen ? words.open : "";
  return words.opens + new Date(at).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
}

/** Pages without TLS have no `randomUUID`. */
function keyOf(): string {
  return "randomUUID" in crypto ? crypto.randomUUID() : `${String(Date.now())}-${String(Math.random())}`;
}

// The questions and answers of one element about one course: asks, stops, asks again, and picks up what a reload left.

import { Refused, segment, type Client } from "../api/client";
import type { ServerEvent } from "../api/sse";
import type { AnswerBody, Mode, Problem } from "../api/wire";
import { read, write } from "../session";
import { follow, Lost, type Progress, type Waits } from "./follow";
import { fail, finish, isOver, reduce, UNASKED, type AnswerState } from "./state";

/** One question and its answer. */
export interface Turn {
  readonly key: number;
  /** Empty where the answer came back after a reload and its question has not yet. */
  question: string;
  readonly body: Asked | null;
  state: AnswerState;
  /** Whether it was here before the page was loaded again or the course left: then nobody waits to be told. */
  readonly restored: boolean;
}

/** The body of `POST /v1/answers`. */
export interface Asked {
  question: string;
  scope: { course_ids?: string[]; lesson_ids?: string[] };
  position?: { lesson_id: string; t: number };
  conversation_id?: string;
  /** Who asks, where the token does not say it. */
  learner_id?: string;
  mode: Mode;
}

export interface Watcher {
  changed(): void;
  /** Nothing but the text of an answer grew. */
  grown(turn: Turn): void;
  /** The answer ended well. */
  answered(turn: Turn): void;
  failed(problem: Problem): void;
}

/** A page that is open for a week must not grow without end. */
const MAX_TURNS = 30;
const N_RESTORED = 10;

/** Of the next turn: no two of a page are drawn as one, whichever conversation they are of. */
let next = 1;

interface Said {
  question: string;
  answer: AnswerBody;
}

export class Conversation {
  /** Newest first. */
  turns: Turn[] = [];
  #id = "";
  #stop: AbortController | null = null;

  /** @param key its place in `sessionStorage`. */
  constructor(
    private readonly client: Client,
    private readonly key: string,
    private readonly watcher: Watcher,
    private readonly waits?: Waits,
  ) {}

  get isAnswering(): boolean {
    return this.#stop !== null;
  }

  async ask(asked: Omit<Asked, "conversation_id">): Promise<void> {
    if (this.#stop) return;
    const body: Asked = this.#id ? { ...asked, conversation_id: this.#id } : asked;
    const turn = this.#turn(asked.question, body);
    this.turns = [turn, ...this.turns].slice(0, MAX_TURNS);
    await this.#follow(turn);
  }

  /** Asks a failed or stopped question again, in its old place. */
  async retry(turn: Turn): Promise<void> {
    if (this.#stop || !turn.body) return;
    const again = this.#turn(turn.question, turn.body);
    this.turns = this.turns.map((one) => (one === turn ? again : one));
    await this.#follow(again);
  }

  /** Stops the answer that is being given; the server is told, so that its model stops too. */
  stop(): void {
    const turn = this.turns.find(({ state }) => !isOver(state));
    if (!turn || !this.#stop) return;
    turn.state = { ...turn.state, phase: "stopped" };
    this.#stop.abort();
    if (turn.state.answerId) {
      this.client
        .call(`answers/${segment(turn.state.answerId)}`, { method: "DELETE", keepalive: true })
        .catch(() => {});
    }
    this.watcher.changed();
  }

  /** Clears the screen for the next question, which still belongs to this conversation. */
  putAway(): void {
    if (this.#stop) return;
    this.turns = [];
    this.watcher.changed();
  }

  /** Lets go of the connection; on the server the answer goes on for a while. */
  leave(): void {
    this.#stop?.abort();
  }

  /** Brings back what was said before the page was loaded again or the course left; `open` where an answer goes on. */
  async resume(open: () => unknown = () => {}): Promise<void> {
    const kept = read(this.key);
    if (!kept || this.turns.length || this.#stop) return;
    this.#id = kept.conversationId;
    const said = await this.#said();
    if (this.turns.length) return;
    const unheard = !said.some(({ answer }) => answer.answer_id === kept.answerId);
    const last = unheard ? this.#turn("", null, true) : null;
    this.turns = said.map(({ question, answer }) => this.#finished(question, answer)).reverse();
    this.watcher.changed();
    if (!last) return;
    last.state = { ...last.state, phase: "reconnecting", answerId: kept.answerId };
    this.turns = [last, ...this.turns];
    open();
    await this.#follow(last);
    const own = (await this.#said()).find(({ answer }) => answer.answer_id === kept.answerId);
    last.question = own?.question ?? "";
    this.watcher.changed();
  }

  /** The latest turns of the conversation, oldest first; none where the server has none (yet). */
  async #said(): Promise<Said[]> {
    const path = `conversations/${segment(this.#id)}`;
    const conversation = await this.client.maybe<{ turns: Said[] }>(path);
    return conversation?.turns.slice(-N_RESTORED) ?? [];
  }

  #finished(question: string, answer: AnswerBody): Turn {
    const turn = this.#turn(question, null, true);
    turn.state = finish(turn.state, answer);
    return turn;
  }

  #turn(question: string, body: Asked | null, restored = false): Turn {
    return { key: next++, question, body, state: UNASKED, restored };
  }

  async #follow(turn: Turn): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    this.watcher.changed();
    try {
      await follow(this.client, turn.body, this.#progress(turn), stop.signal, this.waits);
    } catch (error) {
      if (!stop.signal.aborted) this.#fail(turn, error);
    } finally {
      if (this.#stop === stop) this.#stop = null;
      this.watcher.changed();
    }
    // What had come already when the learner went to another course is told there no more.
    if (stop.signal.aborted) return;
    if (turn.state.phase === "done") this.watcher.answered(turn);
    if (turn.state.phase === "failed" && turn.state.problem) this.watcher.failed(turn.state.problem);
  }

  #progress(turn: Turn): Progress {
    const become = (state: AnswerState): void => {
      const { phase, text } = turn.state;
      if (state === turn.state) return;
      const isText = text && phase === state.phase && (text !== state.text || turn.state.citations !== state.citations);
      turn.state = state;
      if (isText) this.watcher.grown(turn);
      else this.watcher.changed();
    };
    return {
      take: (event: ServerEvent) => {
        become(reduce(turn.state, event));
        if (event.name === "start") this.#keep(turn.state);
        return isOver(turn.state);
      },
      takeWhole: (body) => become(finish(turn.state, body)),
      reconnecting: () => become({ ...turn.state, phase: "reconnecting" }),
      offline: () => become({ ...turn.state, phase: "offline" }),
      where: () => {
        const { answerId, lastId } = turn.state;
        return answerId ? { answerId, lastId } : null;
      },
    };
  }

  #fail(turn: Turn, error: unknown): void {
    // An answer of before the reload that the server no longer has is simply not there.
    if (turn.restored && error instanceof Refused && error.problem.status === 404) {
      this.turns = this.turns.filter((one) => one !== turn);
      return;
    }
    turn.state = fail(turn.state, problemOf(error));
  }

  #keep({ answerId, conversationId }: AnswerState): void {
    this.#id = conversationId;
    write(this.key, { conversationId, answerId });
  }
}

/** What to tell: the server's own words, or (without a status) that the network is away. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refused) return error.problem;
  const lost = error instanceof Lost || error instanceof TypeError;
  return { title: lost ? "lost" : "failed", status: 0, detail: "" };
}

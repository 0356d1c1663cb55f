// A spoken question → text: the browser's own recognition, else a recording that the server writes down.

import type { Client } from "../api/client";

export type Hearing = "silent" | "listening" | "writing";

interface Recognition {
  lang: string;
  interimResults: boolean;
  onresult: ((event: { results: ArrayLike<ArrayLike<{ transcript: string }>> }) => void) | null;
  onerror: ((event: { error: string }) => void) | null;
  onend: (() => void) | null;
  start(): void;
  stop(): void;
  abort(): void;
}

const AWAY: readonly string[] = ["network", "service-not-allowed", "language-not-supported"];

type RecognitionClass = new () => Recognition;

function recognition(): RecognitionClass | undefined {
  const names = window as { SpeechRecognition?: RecognitionClass; webkitSpeechRecognition?: RecognitionClass };
  return names.SpeechRecognition ?? names.webkitSpeechRecognition;
}

export interface Heard {
  changed(): void;
  text(text: string): void;
  /** A key of the i18n files. */
  trouble(key: string): void;
}

export class Listener {
  hearing: Hearing = "silent";
  #stop: (() => void) | null = null;
  #isDeaf = false;

  constructor(
    private readonly client: Client,
    private readonly heard: Heard,
  ) {}

  /** Whether a voice can be heard here at all. */
  static isPossible(uploads: boolean): boolean {
    if (recognition()) return true;
    return uploads && "MediaRecorder" in window && Boolean(navigator.mediaDevices);
  }

  async start(language: string, limits: { max_seconds: number } | null): Promise<void> {
    if (this.hearing !== "silent") return;
    const Recognition = recognition();
    try {
      if (Recognition && !(this.#isDeaf && limits)) this.#recognize(new Recognition(), language, limits);
      else if (limits) await this.#record(language, limits.max_seconds);
    } catch {
      this.#become("silent");
      this.heard.trouble("voice-denied");
    }
  }

  stop(): void {
    this.#stop?.();
  }

  #recognize(ear: Recognition, language: string, limits: { max_seconds: number } | null): void {
    let text = "";
    ear.lang = language;
    ear.interimResults = true;
    ear.onresult = ({ results }) => {
      text = Array.from(results, (result) => result[0]?.transcript ?? "").join("");
      this.heard.text(text);
    };
    ear.onerror = ({ error }) => {
      // The browser's recognition asks a service of its maker, which not every country reaches: then the server listens.
      this.#isDeaf ||= AWAY.includes(error);
      if (error !== "aborted" && !(this.#isDeaf && limits)) this.heard.trouble(error === "not-allowed" ? "voice-denied" : "no-voice");
    };
    ear.onend = () => {
      this.#become("silent");
      if (this.#isDeaf && limits && !text) void this.start(language, limits);
    };
    this.#stop = () => ear.stop();
    ear.start();
    this.#become("listening");
  }

  async #record(language: string, maxSeconds: number): Promise<void> {
    // Asked twice, or the sidebar taken off the page, before the learner has allowed it: then nobody listens.
    this.stop();
    let isOver = false;
    this.#stop = () => (isOver = true);
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    if (isOver) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    const recorder = new MediaRecorder(stream);
    const pieces: Blob[] = [];
    recorder.ondataavailable = ({ data }) => pieces.push(data);
    recorder.onstop = () => {
      clearTimeout(limit);
      for (const track of stream.getTracks()) track.stop();
      void this.#write(new Blob(pieces, { type: recorder.mimeType }), language);
    };
    const limit = setTimeout(() => this.stop(), maxSeconds * 1000);
    this.#stop = () => {
      if (recorder.state !== "inactive") recorder.stop();
    };
    recorder.start();
    this.#become("listening");
  }

  async #write(recording: Blob, language: string): Promise<void> {
    this.#become("writing");
    try {
      const path = `transcriptions?language=${encodeURIComponent(language.split("-")[0] ?? "")}`;
      const { text } = await this.client.json<{ text: string }>(path, { method: "POST", body: recording });
      if (text.trim()) this.heard.text(text.trim());
      else this.heard.trouble("no-voice");
    } catch {
      this.heard.trouble("no-voice");
    }
    this.#become("silent");
  }

  #become(hearing: Hearing): void {
    this.hearing = hearing;
    if (hearing === "silent") this.#stop = null;
    this.heard.changed();
  }
}

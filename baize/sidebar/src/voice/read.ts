// Reading aloud, by the browser's own voices.

export function canRead(): boolean {
  return "speechSynthesis" in window;
}

/** Markdown and markers are for the eye. */
export function spoken(text: string): string {
  return text
    .replace(/\[\d{1,3}\]/g, "")
    .replace(/^\s*(?:[-*]|\d+\.|#{1,6})\s+/gm, "")
    .replace(/[*_`~]/g, "")
    .trim();
}

export class Reader {
  /** Key of what is being read. */
  reading: number | null = null;

  constructor(private readonly changed: () => void) {}

  read(key: number, text: string, language: string, rate: number): void {
    this.stop();
    this.reading = key;
    const sentences = spoken(text).split(/(?<=[。！？!?\n]|\.\s)/).filter((sentence) => sentence.trim());
    sentences.forEach((sentence, n) => {
      // One utterance a sentence: browsers cut long ones off.
      const utterance = new SpeechSynthesisUtterance(sentence);
      utterance.lang = language;
      utterance.rate = rate;
      if (n === sentences.length - 1) utterance.onend = () => this.#over(key);
      utterance.onerror = () => this.#over(key);
      speechSynthesis.speak(utterance);
    });
    if (!sentences.length) this.#over(key);
    this.changed();
  }

  stop(): void {
    if (this.reading === null) return;
    this.reading = null;
    speechSynthesis.cancel();
    this.changed();
  }

  #over(key: number): void {
    if (this.reading !== key) return;
    this.reading = null;
    this.changed();
  }
}

// Reading aloud, by the browser's own voices.

export function canRead(): boolean {
  return "speechSynthesis" in window;
}

/** Markdown, markers, rules of tables and signs of TeX are for the eye. */
export function spoken(text: string): string {
  return text
    .replace(/\[\d{1,3}\]/g, "")
    .replace(/^\s*(?:[-*]|\d+\.|#{1,6})\s+/gm, "")
    .replace(/[*_`~]|:?-{3,}:?|\$(?!\d)/g, "")
    .replace(/[|\\{}]+/g, " ")
    .trim();
}

export class Reader {
  /** Key of what is being read. */
  reading: number | null = null;
  /** Which reading this is: what an earlier one of the same words still says, once cancelled, is not about it. */
  #run = 0;

  constructor(private readonly changed: () => void) {}

  read(key: number, text: string, language: string, rate: number): void {
    this.stop();
    this.reading = key;
    const run = ++this.#run;
    const sentences = spoken(text).split(/(?<=[。！？!?\n]|\.\s)/).filter((sentence) => sentence.trim());
    sentences.forEach((sentence, n) => {
      // One utterance a sentence: browsers cut long ones off.
      const utterance = new SpeechSynthesisUtterance(sentence);
      utterance.lang = language;
      utterance.rate = rate;
      if (n === sentences.length - 1) utterance.onend = () => this.#over(run);
      utterance.onerror = () => this.#over(run);
      speechSynthesis.speak(utterance);
    });
    if (!sentences.length) this.#over(run);
    this.changed();
  }

  stop(): void {
    if (this.reading === null) return;
    this.reading = null;
    speechSynthesis.cancel();
    this.changed();
  }

  #over(run: number): void {
    if (this.#run !== run) return;
    this.reading = null;
    this.changed();
  }
}

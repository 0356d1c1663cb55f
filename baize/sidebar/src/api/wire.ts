// What the API sends (docs/openapi.json). Only what the sidebar reads is named.

export interface TimeLocator {
  kind: "time";
  start: number;
  end: number;
}

export interface TextLocator {
  kind: "text";
  file: string;
  page?: number;
  section?: string;
}

export interface FaqLocator {
  kind: "faq";
  entry_id: string;
}

export type Locator = TimeLocator | TextLocator | FaqLocator;

/** A passage and where it stands. */
export interface Place {
  course_id: string;
  lesson_id: string;
  lesson_title: string;
  locator: Locator;
  text: string;
  url?: string | null;
}

export interface EvidenceItem extends Place {
  marker: number;
}

export interface Citation {
  marker: number;
  sentence: string;
  course_id: string;
  lesson_id: string;
  lesson_title: string;
  locator: Locator;
  quote: string;
}

export interface Refusal {
  reason: "not_covered" | "graded_item" | "unsafe" | "out_of_scope" | "person";
  nearest: Place[];
}

/** RFC 9457, as the API writes it. */
export interface Problem {
  type?: string;
  title: string;
  status: number;
  detail: string;
  remedy?: string;
}

export interface AnswerBody {
  answer_id: string;
  conversation_id: string;
  language: string;
  label: string;
  text: string;
  citations: Citation[];
  refusal?: Refusal;
  follow_ups: string[];
  withheld: number;
  degraded?: string;
}

export interface StartEvent {
  answer_id: string;
  conversation_id: string;
  language: string;
  thinking: boolean;
  label: string;
}

export interface SearchResult extends Place {
  rank: number;
  course_title: string;
}

export interface Lesson {
  id: string;
  course_id: string;
  title: string;
  language: string;
  duration_s: number | null;
}

export interface Chapter {
  title: string;
  locator: TimeLocator;
}

/** One picture of a lesson and what it stands for. */
export interface Scene {
  n: number;
  caption: string;
  chapter: string;
  locator: TimeLocator;
}

export interface Cue {
  text: string;
  locator: TimeLocator;
}

/** A line that was prepared, with its moments. */
export interface PreparedLine {
  text: string;
  lesson_id: string;
  locators: Locator[];
}

export interface Prepared {
  language: string;
  /** The notice that must stand visibly beside the lines. */
  label: string;
}

export interface Summary extends Prepared {
  lines: PreparedLine[];
}

export interface KeyPoints extends Prepared {
  key_points: PreparedLine[];
}

export interface Term {
  term: string;
  explanation: string;
  lesson_id: string;
  locators: Locator[];
}

export interface Glossary extends Prepared {
  terms: Term[];
}

export interface QuizItem {
  id: string;
  question: string;
  options: string[];
  locators: Locator[];
  /** The end of the chapter that it asks about, for the one item of each chapter. */
  ask_at?: number;
}

export interface Quiz extends Prepared {
  items: QuizItem[];
}

export interface Attempt {
  item_id: string;
  verdict: "correct" | "incomplete" | "wrong" | "uncertain";
  solution: string;
  quote: string;
  course_id: string;
  lesson_id: string;
  locators: Locator[];
}

export interface ReviewCard {
  id: string;
  course_id: string;
  lesson_id: string;
  front: string;
  back: string;
  quote: string;
  locators: Locator[];
}

export interface Reviews {
  today: ReviewCard[];
  n_due: number;
  n_cards: number;
}

export type Mode = "explain" | "guide" | "test";
export type Theme = "auto" | "light" | "dark";

export interface Preferences {
  elder: boolean;
  theme: Theme;
  read_aloud: boolean;
  speech_rate: number;
}

/** What this server can do for this caller (`GET /v1/capabilities`). */
export interface Capabilities {
  /** Absent on servers that recommend nothing. */
  recommendations?: boolean;
  /** Whether there is a service desk behind the course; absent on older servers. */
  support?: boolean;
  /** Whom the server takes the caller for; null where nobody in particular asks. */
  learner_id: string | null;
  modes: Mode[];
  feedback: boolean;
  preferences: boolean;
  transcriptions: { max_bytes: number; max_seconds: number } | null;
}

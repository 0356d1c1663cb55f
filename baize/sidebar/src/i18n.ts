// The sidebar's own words. A language is a file in `i18n/`: drop one in and it is there.

export type Words = Record<string, string>;

const FILES = import.meta.glob<Words>("./i18n/*.json", { import: "default" });
const FALLBACK = "en";

/** Every language that there is, by its BCP 47 tag. */
export const LOCALES = Object.keys(FILES).map((path) => path.slice("./i18n/".length, -".json".length));

/** The file for a wished-for language: the same, else one of its primary language, else English. */
export function match(wanted: string, locales: readonly string[] = LOCALES): string {
  const tag = wanted.toLowerCase();
  const primary = tag.split("-")[0];
  return (
    locales.find((locale) => locale.toLowerCase() === tag) ??
    locales.find((locale) => locale.toLowerCase().split("-")[0] === primary) ??
    FALLBACK
  );
}

export async function load(locale: string): Promise<Words> {
  const file = FILES[`./i18n/${locale}.json`];
  return file ? await file() : {};
}

/** `say("back", {time: "3:12"})`: the words with `{time}` filled in. A missing key shows itself. */
export type Say = (key: string, values?: Record<string, string | number>) => string;

export function speaker(words: Words): Say {
  return (key, values = {}) =>
    (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

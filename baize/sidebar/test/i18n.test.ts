import { describe, expect, it } from "vitest";
import { load, LOCALES, match, speaker } from "../src/i18n";

describe("languages", () => {
  it("all have the same keys and the same blanks to fill", async () => {
    const blanks = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([blank]) => blank).sort();
    const english = await load("en");
    for (const locale of LOCALES) {
      const words = await load(locale);
      expect(Object.keys(words)).toEqual(Object.keys(english));
      for (const [key, text] of Object.entries(words)) expect([key, blanks(text)]).toEqual([key, blanks(english[key]!)]);
    }
  });

  it("are matched by their tag, then by their language, then English stands in", () =>
    expect(["zh-CN", "zh-TW", "EN-gb", "fr"].map((tag) => match(tag, ["zh-CN", "en"]))).toEqual([
      "zh-CN", "zh-CN", "en", "en",
    ]));

  it("fill in values and show a key that is missing", () => {
    const say = speaker({ back: "Back to {time}" });
    expect([say("back", { time: "3:12" }), say("nothing")]).toEqual(["Back to 3:12", "nothing"]);
  });
});

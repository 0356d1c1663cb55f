import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Reader, spoken } from "../src/voice/read";

describe("spoken", () => {
  it("leaves out what is for the eye", () => {
    expect(spoken("## 要点\n\n1. 先坐**五分钟**。[1]")).toBe("要点\n先坐五分钟。");
  });

  it("says the cells of a table and the letters of a formula", () => {
    const words = (text: string) => spoken(text).split(/\s+/);
    expect(words("| 数 | 意思 |\n|---|:---:|\n| 120 | 正常 |")).toEqual(["数", "意思", "120", "正常"]);
    expect(spoken("$5 一份")).toBe("$5 一份");
    expect(words("$\\frac{a}{b}$").join(" ")).toBe("frac a b");
  });
});

describe("Reader", () => {
  let said: SpeechSynthesisUtterance[] = [];

  beforeEach(() => {
    said = [];
    vi.stubGlobal("SpeechSynthesisUtterance", class {});
    vi.stubGlobal("speechSynthesis", { speak: (one: SpeechSynthesisUtterance) => said.push(one), cancel: () => {} });
  });
  afterEach(() => vi.unstubAllGlobals());

  it("goes on when what was cancelled before says so late", () => {
    const reader = new Reader(() => {});
    reader.read(1, "先坐五分钟。", "zh", 1);
    reader.stop();
    reader.read(1, "先坐五分钟。", "zh", 1);
    said[0]?.onerror?.({} as SpeechSynthesisErrorEvent);
    expect(reader.reading).toBe(1);
    said[1]?.onend?.({} as SpeechSynthesisEvent);
    expect(reader.reading).toBeNull();
  });
});

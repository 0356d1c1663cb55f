// The page's own words, in the language of the browser.

const WORDS = {
  zh: {
    title: "白泽",
    tagline: "看课时有疑问，就问；答案来自课程原话，一点就到那一秒。",
    watch: "看课",
    talk: "提问",
    course: "课程",
    lesson: "课时",
    noVideo: "这一课没有可以在这里播放的视频。",
    question: "想问什么？",
    send: "提问",
    stop: "停止",
    answers: "回答",
    sources: "出处（点一下，视频就到那里）",
    nearest: "课程里最接近的内容",
    marker: (n, place) => `出处 ${n}：${place}`,
    page: (n) => `第 ${n} 页`,
    subtitles: "字幕",
    empty: "还没有课程。先运行 baize ingest，再刷新这一页。",
    lost: "连接断了，请再问一次。",
    broken: "回答没有说完就断了，请再问一次。",
  },
  en: {
    title: "Bai Ze",
    tagline: "Ask while you watch: answers come from the course itself, and a tap takes you to that second.",
    watch: "Watch",
    talk: "Ask",
    course: "Course",
    lesson: "Lesson",
    noVideo: "This lesson has no video that can be played here.",
    question: "What would you like to know?",
    send: "Ask",
    stop: "Stop",
    answers: "Answers",
    sources: "Sources (press one to go there in the video)",
    nearest: "Nearest in the course",
    marker: (n, place) => `Source ${n}: ${place}`,
    page: (n) => `page ${n}`,
    subtitles: "Subtitles",
    empty: "There are no courses yet. Run baize ingest, then reload this page.",
    lost: "The connection was lost. Please ask again.",
    broken: "The answer broke off. Please ask again.",
  },
};

export const language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
export const words = WORDS[language];

/** Puts the words into the page. */
export function speak(root) {
  root.documentElement.lang = language;
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = words[node.dataset.text];
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", words[node.dataset.label]);
}

/** `3:07`, or `1:02:07` from an hour on; seconds are cut, as players do. */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const tail = String(rest).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** Where a citation or moment stands, for people. */
export function describe({ lesson_title: title, locator }) {
  if (locator.kind === "time") return `${title} ·\u00a0${clock(locator.start)}`;
  if (locator.kind === "faq") return title;
  const place = [locator.page ? words.page(locator.page) : "", locator.section ?? ""].filter(Boolean).join(" · ");
  return place ? `${title} · ${place}` : title;
}

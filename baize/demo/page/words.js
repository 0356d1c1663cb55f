// The page's own words, in the language of the browser.

const WORDS = {
  "zh-CN": {
    title: "白泽示例课堂",
    watch: "看课",
    course: "课程",
    lessons: "课时",
    noVideo: "这一课没有可以在这里播放的视频。",
    subtitles: "字幕",
    document: "文档",
    minutes: (n) => `${n} 分钟`,
    empty: "还没有课程。先运行 baize ingest，再刷新这一页。",
    gone: "这门课里没有那一课了。",
  },
  en: {
    title: "Bai Ze sample classroom",
    watch: "Watch",
    course: "Course",
    lessons: "Lessons",
    noVideo: "This lesson has no video that can be played here.",
    subtitles: "Subtitles",
    document: "document",
    minutes: (n) => `${n} min`,
    empty: "There are no courses yet. Run baize ingest, then reload this page.",
    gone: "That lesson is no longer in this course.",
  },
};

export const language = navigator.language.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
export const words = WORDS[language];

/** Puts the words into the page. */
export function speak(root) {
  root.documentElement.lang = language;
  for (const node of root.querySelectorAll("[data-text]")) node.textContent = words[node.dataset.text];
  for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", words[node.dataset.label]);
}

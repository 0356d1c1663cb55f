// The demo page: choose a lesson, watch, ask, and go where the answer was said.

import { Player } from "./player.js";
import { askStream } from "./sse.js";
import { Turn } from "./turn.js";
import { speak, words } from "./words.js";

const courseChooser = document.getElementById("course");
const lessonChooser = document.getElementById("lesson");
const form = document.getElementById("ask");
const question = document.getElementById("question");
const sendButton = document.getElementById("send");
const stopButton = document.getElementById("stop");
const turns = document.getElementById("turns");
const trouble = document.getElementById("trouble");
const player = new Player();

let lessons = [];
let conversationId = null;
let asking = null;

async function load(path) {
  const response = await fetch(path);
  if (!response.ok) throw await response.json();
  return response.json();
}

async function loadCourses() {
  const courses = [];
  let cursor = "";
  do {
    const page = await load(`/v1/courses?cursor=${encodeURIComponent(cursor)}`);
    courses.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  fill(courseChooser, courses);
  if (courses.length) await chooseCourse(courses[0].id);
  else report({ detail: words.empty });
}

async function chooseCourse(id) {
  courseChooser.value = id;
  ({ lessons } = await load(`/v1/courses/${encodeURIComponent(id)}`));
  // Another course, another conversation: `it` must not point back to the old one.
  conversationId = null;
  const watchable = lessons.filter((lesson) => lesson.media);
  const offered = watchable.length ? watchable : lessons;
  fill(lessonChooser, offered);
  if (offered.length) chooseLesson(offered[0].id);
}

function chooseLesson(id) {
  const lesson = lessons.find((one) => one.id === id);
  if (!lesson) return;
  lessonChooser.value = id;
  player.show(lesson);
}

async function openPlace(place) {
  // A page or an FAQ entry is shown as a quote; the video goes on where it is.
  if (place.locator.kind !== "time") return player.quote(place);
  if (place.course_id !== courseChooser.value) await chooseCourse(place.course_id);
  chooseLesson(place.lesson_id);
  await player.open(place);
}

function fill(chooser, entries) {
  chooser.replaceChildren(...entries.map(({ id, title }) => new Option(title, id)));
}

async function ask(text) {
  const turn = new Turn(text, (place) => openPlace(place).catch(report));
  turns.prepend(turn.root);
  const body = { question: text, scope: { course_ids: [courseChooser.value] } };
  if (conversationId) body.conversation_id = conversationId;
  let ended = false;
  try {
    for await (const { name, data } of askStream(body, asking.signal)) {
      if (name === "start") conversationId = data.conversation_id;
      if (name === "error") report(data);
      ended ||= name === "done" || name === "error";
      if (["start", "delta", "citation", "refusal"].includes(name)) turn[name](data);
    }
    if (!ended) report({ detail: words.broken });
  } catch (problem) {
    if (problem.name !== "AbortError") report(problem);
  } finally {
    turn.end();
  }
}

/** Says what went wrong: a problem of the server, or a lost connection. */
function report(problem) {
  trouble.textContent = problem.detail ? [problem.detail, problem.remedy].filter(Boolean).join(" ") : words.lost;
}

function setAsking(controller) {
  asking = controller;
  sendButton.disabled = controller !== null;
  stopButton.disabled = controller === null;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = question.value.trim();
  if (!text || asking) return;
  trouble.textContent = "";
  setAsking(new AbortController());
  question.value = "";
  await ask(text);
  setAsking(null);
});

question.addEventListener("keydown", (event) => {
  // Enter sends, Shift+Enter breaks the line; Enter that ends an input method's composition does neither.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
stopButton.addEventListener("click", () => asking?.abort());
courseChooser.addEventListener("change", () => chooseCourse(courseChooser.value).catch(report));
lessonChooser.addEventListener("change", () => chooseLesson(lessonChooser.value));

speak(document);
loadCourses().catch(report);

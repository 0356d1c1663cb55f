// The demo's host page: courses, lessons, one player. Everything about questions is the sidebar's.

import { Player } from "./player.js";
import { language, speak, words } from "./words.js";

const chooser = document.getElementById("course");
const list = document.getElementById("lessons");
const sidebar = document.querySelector("baize-sidebar");
const player = new Player();

let course = null;

async function load(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error((await response.json()).detail);
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
  chooser.replaceChildren(...courses.map(({ id, title }) => new Option(title, id)));
  if (!courses.length) throw new Error(words.empty);
  await openCourse(courses[0].id);
}

/** Shows a course, at a lesson of it or its first one. */
async function openCourse(id, lessonId = null) {
  course = await load(`/v1/courses/${encodeURIComponent(id)}`);
  chooser.value = id;
  document.getElementById("about").textContent = course.description;
  list.replaceChildren(...course.lessons.map(entry));
  const first = course.lessons.find((lesson) => lesson.media) ?? course.lessons[0];
  openLesson(lessonId ?? first?.id);
}

function openLesson(id) {
  const lesson = course.lessons.find((one) => one.id === id);
  if (!lesson) throw new Error(words.gone);
  player.show(lesson);
  document.getElementById("title").textContent = lesson.title;
  document.title = `${lesson.title} · ${course.title}`;
  for (const item of list.children) {
    const button = item.firstElementChild;
    if (button.value === id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  // Both at once: the sidebar then follows to the new lesson, of the new course.
  sidebar.setAttribute("course", course.id);
  sidebar.setAttribute("lesson", id);
}

function entry({ id, title, duration_s: seconds }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.value = id;
  const length = document.createElement("span");
  length.textContent = seconds ? words.minutes(Math.max(1, Math.round(seconds / 60))) : words.document;
  button.append(title, length);
  button.addEventListener("click", () => openLesson(id));
  item.append(button);
  return item;
}

function report(error) {
  document.getElementById("trouble").textContent = error.message;
}

// The learner wants to go to another lesson, which is the page's to open.
sidebar.addEventListener("baize-lesson", (event) => {
  event.preventDefault();
  const { course_id: courseId, lesson_id: lessonId } = event.detail;
  const opening =
    courseId === course.id ? Promise.resolve().then(() => openLesson(lessonId)) : openCourse(courseId, lessonId);
  event.detail.waitUntil(opening);
  opening.catch(report);
});

chooser.addEventListener("change", () => openCourse(chooser.value).catch(report));

speak(document);
sidebar.setAttribute("locale", language);
loadCourses().catch(report);

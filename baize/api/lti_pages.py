"""The two pages of an LTI launch, inside the learning platform's iframe: no token in them, no cookie.

The script speaks LTI's `postMessage` storage with the platform's page
(https://www.imsglobal.org/spec/lti-pm-s/v0p1); it takes messages from the registered origin alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.responses import HTMLResponse

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>白泽课程助手</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="lti.css">
<script type="application/json" id="lti">{told}</script>
<script type="module" src="../sidebar/baize-sidebar.js"></script>
<script type="module" src="lti.js"></script>
</head>
<body><main id="place" aria-live="polite"><p>正在打开… Opening…</p></main></body>
</html>
"""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action {origins}; frame-ancestors {origins}"
)

STYLE = """body { margin: 0; font: 16px/1.6 system-ui, sans-serif; }
p, form { margin: 1rem; }
label { display: block; margin: 0.5rem 0; }
select, button { font: inherit; max-width: 100%; min-height: 2.75rem; }
"""

SCRIPT = """// What ties a launch to the page that began it is kept by the platform's page, not by a cookie.
const told = JSON.parse(document.getElementById("lti").textContent);
const place = document.getElementById("place");
const host = window.parent !== window ? window.parent : window.opener;

function say(text) {
  const line = document.createElement("p");
  line.setAttribute("role", "alert");
  line.textContent = text;
  place.replaceChildren(line);
}

function keeper() {
  return !told.target || told.target === "_parent" ? host : host.frames[told.target];
}

/** One question to the platform's page; its answer, or an error after a while. */
function ask(subject, more) {
  const id = crypto.getRandomValues(new Uint32Array(4)).join("-");
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error("no answer")), told.wait_ms);
    window.addEventListener("message", function heard({ origin, data }) {
      if (origin !== told.origin || data?.message_id !== id || data.subject !== `${subject}.response`) return;
      window.removeEventListener("message", heard);
      clearTimeout(timer);
      if (data.error) failed(new Error(String(data.error.code)));
      else done(data.value);
    });
    keeper().postMessage({ subject, message_id: id, ...more }, told.origin);
  });
}

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  const reply = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const said = await reply.json();
  if (!reply.ok) throw new Error(said.detail ?? reply.statusText);
  return said;
}

async function read(path, token) {
  const reply = await fetch(path, { headers: { Authorization: `Bearer ${token}` } });
  const said = await reply.json();
  if (!reply.ok) throw new Error(said.detail ?? reply.statusText);
  return said;
}

function show(session) {
  const element = document.createElement("baize-sidebar");
  const names = ["course", "lesson", "token", "locale"].filter((name) => session[name]);
  for (const name of names) element[name] = session[name];
  place.replaceChildren(element);
}

/** The teacher chooses a course, or a lesson of it; the platform gets a signed link. */
async function choose(session) {
  const form = document.createElement("form");
  const courses = document.createElement("select");
  const lessons = document.createElement("select");
  const button = document.createElement("button");
  button.textContent = "添加 Add";
  const page = await read("../v1/courses?limit=200", session.token);
  courses.append(...page.items.map((course) => new Option(course.title, course.id)));
  const fill = async () => {
    const course = await read(`../v1/courses/${encodeURIComponent(courses.value)}`, session.token);
    lessons.replaceChildren(new Option("整门课程 Whole course", ""));
    lessons.append(...course.lessons.map((lesson) => new Option(lesson.title, lesson.id)));
  };
  courses.addEventListener("change", fill);
  await fill();
  for (const [text, field] of [["课程 Course", courses], ["课时 Lesson", lessons]]) {
    const label = document.createElement("label");
    label.append(text, " ", field);
    form.append(label);
  }
  form.append(button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const body = { linking: session.linking, course_id: courses.value, lesson_id: lessons.value };
      const { return_url, jwt } = await post("link", body);
      const back = document.createElement("form");
      const field = document.createElement("input");
      Object.assign(back, { method: "post", action: return_url, hidden: true });
      Object.assign(field, { type: "hidden", name: "JWT", value: jwt });
      back.append(field);
      document.body.append(back);
      back.submit();
    } catch (error) {
      say(error.message);
    }
  });
  place.replaceChildren(form);
}

try {
  if (!host) throw new Error("请从课程页面打开。 Open this from the course page.");
  if (told.step === "login") {
    await ask("lti.put_data", { key: told.key, value: told.secret });
    location.replace(told.url);
  } else {
    const kept = await ask("lti.get_data", { key: told.key });
    const { state, id_token } = told;
    const session = await post("session", { state, id_token, kept: String(kept ?? "") });
    if (session.linking) await choose(session);
    else show(session);
  }
} catch (error) {
  say(`没有打开：${error.message}`);
}
"""


def page(told: dict[str, Any], origins: Sequence[str]) -> HTMLResponse:
    """A page that does what `told` says, framed by these origins only."""
    # Within a script element only these end or escape it.
    data = json.dumps(told).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    headers = {
        "Content-Security-Policy": _POLICY.format(origins=" ".join(origins)),
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(_PAGE.format(told=data), headers=headers)

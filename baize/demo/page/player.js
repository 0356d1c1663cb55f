// The page's one player: shows the video of a lesson, with its subtitles.

import { words } from "./words.js";

export class Player {
  #video = document.getElementById("video");
  #noVideo = document.getElementById("no-video");
  #lesson = null;

  constructor() {
    this.#video.addEventListener("error", () => this.#showVideo(false));
  }

  /** Loads a lesson, unless it is there already. */
  show(lesson) {
    if (this.#lesson?.id === lesson.id) return;
    this.#lesson = lesson;
    this.#video.replaceChildren();
    this.#showVideo(Boolean(lesson.media));
    if (!lesson.media) {
      this.#video.removeAttribute("src");
      this.#video.load();
      return;
    }
    const file = lesson.media.split("/").map(encodeURIComponent).join("/");
    this.#video.src = `/demo/media/${encodeURIComponent(lesson.course_id)}/${file}`;
    this.#video.setAttribute("aria-label", lesson.title);
    this.#video.append(subtitles(lesson));
  }

  #showVideo(shown) {
    this.#video.hidden = !shown;
    this.#noVideo.hidden = shown;
  }
}

function subtitles(lesson) {
  const track = document.createElement("track");
  track.kind = "subtitles";
  track.label = words.subtitles;
  track.srclang = lesson.language || "zh";
  track.src = `/v1/lessons/${encodeURIComponent(lesson.id)}/transcript.vtt`;
  track.default = true;
  return track;
}

// The one player: shows a lesson, and goes to the second that a citation names.

import { describe, words } from "./words.js";

export class Player {
  #video = document.getElementById("video");
  #noVideo = document.getElementById("no-video");
  #quoted = document.getElementById("quoted");
  #lesson = null;

  constructor() {
    this.#video.addEventListener("error", () => this.#showVideo(false));
  }

  /** Loads a lesson, unless it is there already. */
  show(lesson) {
    if (this.#lesson?.id === lesson.id) return;
    this.#lesson = lesson;
    this.#quoted.hidden = true;
    this.#video.replaceChildren();
    if (!lesson.media) {
      this.#video.removeAttribute("src");
      this.#video.load();
      this.#showVideo(false);
      return;
    }
    this.#showVideo(true);
    const file = lesson.media.split("/").map(encodeURIComponent).join("/");
    this.#video.src = `/demo/media/${encodeURIComponent(lesson.course_id)}/${file}`;
    this.#video.setAttribute("aria-label", lesson.title);
    this.#video.append(subtitles(lesson));
  }

  /** Shows the quote, and goes to its second, in the lesson that was shown last. */
  async open(place) {
    this.quote(place);
    if (this.#video.hidden) return;
    await this.#loaded();
    this.#video.currentTime = place.locator.start;
    this.#video.scrollIntoView({ block: "nearest" });
    // A browser may refuse to play on its own; the learner then presses play at the right second.
    await this.#video.play().catch(() => {});
  }

  /** Shows what the place says, word for word. */
  quote(place) {
    document.getElementById("quoted-place").textContent = describe(place);
    document.getElementById("quoted-text").textContent = place.quote ?? place.text;
    this.#quoted.hidden = false;
  }

  #showVideo(shown) {
    this.#video.hidden = !shown;
    this.#noVideo.hidden = shown;
  }

  #loaded() {
    const video = this.#video;
    if (video.readyState >= HTMLMediaElement.HAVE_METADATA) return Promise.resolve();
    return new Promise((resolve) => {
      for (const name of ["loadedmetadata", "error"]) video.addEventListener(name, resolve, { once: true });
    });
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

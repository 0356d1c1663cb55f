"""A spoken question and a read answer, over stubs of the browser's speech: no machine here has a voice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.host import Host, ask, hosted, say
from tests.servers.sidebar_api import answer, place

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_EAR = """
window.ears = [];
window.SpeechRecognition = class {
  start() { window.ears.push(this); }
  stop() { this.onend(); }
  abort() { this.onend(); }
};
"""
_MICROPHONE = """
const track = { stop() { window.released = true; } };
navigator.mediaDevices.getUserMedia = async () => ({ getTracks: () => [track] });
window.MediaRecorder = class {
  state = "inactive";
  mimeType = "audio/webm";
  start() { this.state = "recording"; window.recording = true; }
  stop() {
    this.state = "inactive";
    this.ondataavailable({ data: new Blob(["x"]) });
    this.onstop();
  }
};
"""
_VOICE = """
window.spoken = [];
Object.defineProperty(window, "speechSynthesis", { value: {
  speak: ({ text, lang, rate, onend }) => window.spoken.push({ text, lang, rate, onend }),
  cancel: () => window.spoken.push("cancel"),
} });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


@pytest.fixture(scope="module")
def host(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosted(browser, tmp_path_factory.mktemp("host")) as host:
        cited = [place(n, f"原话 {n}") for n in (1, 2)]
        host.api.scripts = {"读": answer("先坐**五分钟**。[1]\n\n- 一次量两遍。[2]", cited)}
        yield host


def opened(host: Host, *scripts: str) -> Any:
    return host.page("plain", init="".join(scripts))


def speak(page: Page) -> None:
    page.locator("[part=speak]").click()


def test_what_is_said_stands_in_the_field_and_is_not_sent_unasked(host: Host) -> None:
    """Interim results replace each other; the learner sends."""
    with opened(host, _EAR) as page:
        speak(page)
        expect(page.locator("[part=speak]")).to_have_attribute("aria-pressed", "true")
        assert page.evaluate("window.ears[0].lang") == "zh-CN"
        for said in ("忘了", "忘了吃药怎么办"):
            page.evaluate("(said) => window.ears[0].onresult({ results: [[{ transcript: said }]] })", said)
        page.evaluate("window.ears[0].onend()")
        expect(page.locator("#question")).to_have_value("忘了吃药怎么办")
        expect(page.locator("[part=speak]")).to_have_attribute("aria-pressed", "false")
        expect(page.locator(".turn")).to_have_count(0)


def test_a_denied_microphone_is_told(host: Host) -> None:
    """In words, where a screen reader hears them; the button works again."""
    with opened(host, _EAR) as page:
        speak(page)
        page.evaluate("window.ears[0].onerror({ error: 'not-allowed' }); window.ears[0].onend()")
        expect(page.locator(".composer [role=status]")).not_to_be_empty()
        speak(page)
        assert page.evaluate("window.ears.length") == 2


def test_where_the_browsers_recognition_is_away_the_server_listens(host: Host) -> None:
    """At once and from then on: it asks a service that not every country reaches."""
    with opened(host, _EAR, _MICROPHONE) as page:
        speak(page)
        page.evaluate("window.ears[0].onerror({ error: 'network' }); window.ears[0].onend()")
        page.wait_for_function("() => window.recording")
        expect(page.locator("[part=speak]")).to_have_attribute("aria-pressed", "true")
        speak(page)
        expect(page.locator("#question")).to_have_value("忘了吃药怎么办？")
        assert page.evaluate("window.released")
        speak(page)
        assert page.evaluate("window.ears.length") == 1


def test_an_answer_is_read_sentence_by_sentence_without_markup(host: Host) -> None:
    """In its language, at the chosen pace; a second press stops, and the end lets the button go."""
    with opened(host, _VOICE) as page:
        ask(page, "读")
        read = page.locator("[part=read]")
        read.click()
        expect(read).to_have_attribute("aria-pressed", "true")
        spoken = page.evaluate("window.spoken.filter((one) => one !== 'cancel')")
        assert [one["text"].strip() for one in spoken] == ["先坐五分钟。", "一次量两遍。"]
        assert {(one["lang"], one["rate"]) for one in spoken} == {("zh", 1)}
        page.evaluate("window.spoken.at(-1).onend()")
        expect(read).to_have_attribute("aria-pressed", "false")
        read.click()
        read.click()
        assert page.evaluate("window.spoken.at(-1)") == "cancel"


def test_nothing_is_read_into_a_question(host: Host) -> None:
    """A new question, and a microphone, make the voice stop."""
    silent = "window.spoken.at(-1) === 'cancel'"
    with opened(host, _VOICE, _EAR) as page:
        ask(page, "读")
        page.locator("[part=read]").click()
        speak(page)
        assert page.evaluate(silent)
        page.evaluate("window.ears[0].onend()")
        page.locator("[part=read]").click()
        assert not page.evaluate(silent)
        say(page, "再问")
        page.wait_for_function(f"() => {silent}")


@pytest.mark.parametrize("part", ["home", "again"])
def test_in_elder_mode_the_voice_leaves_with_its_answer(host: Host, part: str) -> None:
    """The button that would stop it is no longer on the screen."""
    with host.page("elder", init=_VOICE) as page:
        page.locator(".home button").first.click()
        ask(page, "读")
        page.locator("[part=read]").click()
        page.wait_for_function("() => window.spoken.length > 1")
        page.locator("[part=home]" if part == "home" else ".header .main").click()
        page.wait_for_function("() => window.spoken.at(-1) === 'cancel'")


def test_nobody_listens_once_the_sidebar_is_gone(host: Host) -> None:
    """Also where the learner allows the microphone only after that."""
    slow = "navigator.mediaDevices.getUserMedia = () => new Promise((resolve) => (window.allow = resolve));"
    deaf = "delete window.SpeechRecognition; delete window.webkitSpeechRecognition;"
    with opened(host, _MICROPHONE, slow, deaf) as page:
        speak(page)
        page.wait_for_function("() => window.allow")
        page.evaluate("document.querySelector('baize-sidebar').remove()")
        page.evaluate("window.allow({ getTracks: () => [{ stop() { window.released = true; } }] })")
        page.wait_for_function("() => window.released")
        assert not page.evaluate("window.recording")

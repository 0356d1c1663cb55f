"""Hostile text in every place that a course or a model can write to: shown, never run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.host import Host, ask, hosted
from tests.servers.sidebar_api import answer, place

pytestmark = [pytest.mark.browser, pytest.mark.slow]

_RUN = "window.ran=1"
PAYLOADS = [
    f"<script>{_RUN}</script>",
    f"<img src=x onerror={_RUN}>",
    f"<svg onload={_RUN}>",
    f"<svg><script>{_RUN}</script></svg>",
    f"<svg><animate onbegin={_RUN} attributeName=x dur=1s>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    f"<iframe src=javascript:{_RUN}></iframe>",
    f"<body onload={_RUN}>",
    f"<details open ontoggle={_RUN}>x</details>",
    f"<input autofocus onfocus={_RUN}>",
    f"<video><source onerror={_RUN}></video>",
    f"<audio src=x onerror={_RUN}>",
    f"<object data=javascript:{_RUN}></object>",
    f"<embed src=javascript:{_RUN}>",
    f"<a href=javascript:{_RUN}>press</a>",
    f"[press](javascript:{_RUN})",
    f"[press](data:text/html,<script>{_RUN}</script>)",
    f"![x](javascript:{_RUN})",
    f'![x](x "onerror={_RUN}")',
    f"<javascript:{_RUN}>",
    f"[1]: javascript:{_RUN}\n\n[1]",
    f"[a][b]\n\n[b]: javascript:{_RUN}",
    f"`<img src=x onerror={_RUN}>`",
    f"```html\n<script>{_RUN}</script>\n```",
    f'```"onload={_RUN}\nx\n```',
    f"> <script>{_RUN}</script>",
    f"- <img src=x onerror={_RUN}>",
    f"# <img src=x onerror={_RUN}>",
    f"| a |\n|---|\n| <img src=x onerror={_RUN}> |",
    f"**<img src=x onerror={_RUN}>**",
    f"$<img src=x onerror={_RUN}>$",
    f"$\\href{{javascript:{_RUN}}}{{x}}$",
    f"$\\url{{javascript:{_RUN}}}$",
    f"$\\htmlData{{a=b}}{{x}}$ $\\includegraphics{{javascript:{_RUN}}}$",
    f"$$\\unicode{{<img src=x onerror={_RUN}>}}$$",
    f"\\(\\html{{<img src=x onerror={_RUN}>}}\\)",
    f"<math><mtext><table><mglyph><style><img src=x onerror={_RUN}>",
    f"<math href=javascript:{_RUN}>x</math>",
    f"<form><button formaction=javascript:{_RUN}>x</button></form>",
    f"<noscript><p title='</noscript><img src=x onerror={_RUN}>'>",
    f"<template><script>{_RUN}</script></template>",
    f"<style>@import 'javascript:{_RUN}';</style>",
    f"<link rel=stylesheet href=javascript:{_RUN}>",
    f"<meta http-equiv=refresh content='0;url=javascript:{_RUN}'>",
    f"<base href=javascript:{_RUN}//>",
    f"<marquee onstart={_RUN}>x</marquee>",
    f"<div style='background:url(javascript:{_RUN})'>x</div>",
    f"<div onpointerover={_RUN} style='position:fixed;inset:0'>x</div>",
    f"<x onclick={_RUN} tabindex=1 id=x autofocus onfocus={_RUN}>",
    f"'\"><img src=x onerror={_RUN}>",
    f'"onmouseover="{_RUN}',
    f"&lt;img src=x onerror={_RUN}&gt;",
    f"&#60;script&#62;{_RUN}&#60;/script&#62;",
    f"\\x3cscript\\x3e{_RUN}\\x3c/script\\x3e",
    "\u202e<img src=x onerror=window.ran=1>\u202c",
    f"<<script>{_RUN}//<</script>",
    f"<scr<script>ipt>{_RUN}</scr</script>ipt>",
    f"<img/src=`x`onerror={_RUN}>",
    f"${{{_RUN}}} {{{{constructor.constructor('{_RUN}')()}}}}",
    f"<baize-sidebar api=https://evil.example token=x></baize-sidebar><img src=x onerror={_RUN}>",
]


@pytest.fixture(scope="module")
def host(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with hosted(browser, tmp_path_factory.mktemp("host")) as host:
        yield host


def test_sixty_payloads_through_answer_quote_title_and_transcript(host: Host) -> None:
    """0 run, no element of theirs is made, and the page's policy has nothing to stop."""
    assert len(PAYLOADS) == len(set(PAYLOADS)) == 60
    host.api.transcript = [
        {"text": payload, "locator": {"kind": "time", "start": 3.0 * n, "end": 3.0 * n + 3}}
        for n, payload in enumerate(PAYLOADS)
    ]
    made: list[str] = []
    with host.page() as page:
        for n, payload in enumerate(PAYLOADS):
            cited = {**place(1, payload), "lesson_title": payload}
            host.api.scripts[f"q{n}"] = answer(
                f"{payload}\n\n说完了。[1]", [cited], follow_ups=[payload], label=payload
            )
            ask(page, f"q{n}")
            turn = page.locator(".turn").first
            expect(turn.locator(".chip").last).to_be_visible()
            turn.locator(".chip").last.hover()
            made += turn.evaluate(
                """(turn) => [...turn.querySelectorAll("*")].filter((node) =>
                    node.matches("script, img, iframe, object, embed, style, link, a, base, meta")
                    || [...node.attributes].some(({ name, value }) =>
                        name.startsWith("on") || /^\\s*javascript:/i.test(value)))
                    .map((node) => node.outerHTML)"""
            )
        for name in ("title", "transcript"):
            if name == "title":
                host.api.title = "".join(PAYLOADS)
            page.reload()
            page.get_by_role("tab", name="目录").click()
            page.wait_for_selector(".transcript li")
        assert page.locator(".transcript img, .transcript script, .chapters img").count() == 0
        expect(page.locator(".transcript li").first).to_contain_text(PAYLOADS[0])
        page.wait_for_timeout(200)
        assert page.evaluate("window.ran") is None
    assert made == []

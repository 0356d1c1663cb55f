"""/docs: the OpenAPI document as one plain page, without scripts or a CDN, so that it works offline."""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from markdown_it import MarkdownIt
from starlette.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_STYLE = (
    "body{font:1rem/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}"
    "pre{background:#f4f4f1;padding:.75rem;overflow:auto}code{font-size:.9em}"
    "table{border-collapse:collapse}td,th{border:1px solid #bbb;padding:.2rem .6rem;text-align:left}"
    "section{border-top:1px solid #ccc;margin-top:2rem}h2 code,h3 code{font-size:1em}"
)
_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"}
_REF = re.compile(r"&quot;#/components/schemas/(\w+)&quot;")
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Every operation and every schema of /openapi.json."""
    return HTMLResponse(_page(request.app.openapi()), headers=_HEADERS)


def _page(document: dict[str, Any]) -> str:
    title = escape(document["info"]["title"])
    operations = "".join(
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    schemas = "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}: API</title>'
        f"<style>{_STYLE}</style>"
        f'<meta name="viewport" content="width=device-width"><h1>{title}</h1>'
        f"{_markdown.render(document['info']['description'])}"
        f'<p>Machine-readable: <a href="openapi.json">openapi.json</a></p>'
        f"{operations}<h2>Schemas</h2>{schemas}</html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [
        f"<section><h2><code>{method.upper()} {escape(path)}</code> {escape(operation['summary'])}</h2>",
        _markdown.render(operation.get("description", "")),
    ]
    if parameters := operation.get("parameters"):
        parts.append(f"<h3>Parameters</h3>{_json(parameters)}")
    if body := operation.get("requestBody"):
        parts.append(f"<h3>Body</h3>{_json(body['content'])}")
    for status, response in operation["responses"].items():
        parts.append(f"<h3>{escape(status)}</h3>{_markdown.render(response['description'])}")
        parts.append(_json(response["content"]) if "content" in response else "")
    return "".join(parts) + "</section>"


def _schema(name: str, schema: dict[str, Any]) -> str:
    return f'<section id="{escape(name)}"><h3><code>{escape(name)}</code></h3>{_json(schema)}</section>'


def _json(value: Any) -> str:
    """Indented JSON whose references are links."""
    shown = escape(json.dumps(value, ensure_ascii=False, indent=2))
    return f"<pre>{_REF.sub(_link, shown)}</pre>"


def _link(match: re.Match[str]) -> str:
    return f'<a href="#{match[1]}">{match[0]}</a>'

"""An OAI-PMH 2.0 repository to catalogue entries: Dublin Core and LOM, page by page.

A small harvester over the port `Fetcher`: the libraries (sickle, unkept since 2020; oaipmh-scythe) open
connections of their own, which the allow-list could not see, and repair broken XML without a word.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import anyio

from baize.errors import InvalidInput, InvalidManifest, UnreadableSource, UpstreamBusy
from baize.ports import Fetcher
from ingest.extract.catalogue_file import CatalogueEntry, Unusable, Withdrawn, entry_of

if TYPE_CHECKING:
    from lxml.etree import _Element

PREFIXES = ("oai_dc", "lom")
_MAX_RESPONSE_BYTES = 64 * 1024 * 1024
_MAX_PAGES = 100_000
_TRIES = 4
_LONGEST_WAIT_S = 60.0
_WEB = re.compile(r"https?://\S+$")


@dataclass(frozen=True, slots=True)
class Repository:
    """What a repository says of itself.

    Attributes:
        now: its clock at the time of asking, in its own granularity: where the next delta begins.
        tells_deletions: whether a delta names what was deleted.
    """

    base_url: str
    now: str
    tells_deletions: bool


async def identify(base_url: str, fetcher: Fetcher) -> Repository:
    """Ask who it is.

    Raises:
        InvalidInput: the address is not admitted.
        UnreadableSource: it is no OAI-PMH repository.
        UpstreamBusy: it does not answer.
    """
    root = await _ask(base_url, {"verb": "Identify"}, fetcher)
    known = _first(root, "Identify")
    if known is None:
        raise _broken(base_url, "it does not identify itself")
    now = _text(root, "responseDate")
    if _text(known, "granularity") == "YYYY-MM-DD":
        now = now[:10]
    return Repository(base_url, now, _text(known, "deletedRecord") in ("persistent", "transient"))


async def harvest(
    base_url: str, fetcher: Fetcher, *, prefix: str = "oai_dc", set_spec: str = "", since: str = ""
) -> AsyncIterator[CatalogueEntry | Withdrawn | Unusable]:
    """Every record, or those that changed since a datestamp; deleted ones as `Withdrawn`.

    Raises:
        InvalidInput, UnreadableSource, UpstreamBusy: as `identify`; also when it sends no end, or an error.
    """
    query = {"verb": "ListRecords", "metadataPrefix": prefix, "set": set_spec, "from": since}
    seen: set[str] = set()
    for _ in range(_MAX_PAGES):
        root = await _ask(base_url, {key: value for key, value in query.items() if value}, fetcher)
        error = _first(root, "error")
        if error is not None:
            if error.get("code") == "noRecordsMatch":
                return
            raise _broken(base_url, f"{error.get('code')}: {(error.text or '').strip()[:200]}")
        for record in root.iter("{*}record"):
            yield _entry(record, base_url, prefix)
        token = _text(root, "resumptionToken")
        if not token:
            return
        if token in seen:
            raise _broken(base_url, "it gives the same resumption token twice")
        seen.add(token)
        query = {"verb": "ListRecords", "resumptionToken": token}
    raise _broken(base_url, f"it has more than {_MAX_PAGES:,} pages")


async def _ask(base_url: str, query: dict[str, str], fetcher: Fetcher) -> _Element:
    """One response; a repository that asks to wait is waited for."""
    from lxml import etree

    url = f"{base_url}?{urlencode(query)}"
    for n in range(_TRIES):
        try:
            data = await fetcher.read(url, max_bytes=_MAX_RESPONSE_BYTES)
            break
        except UpstreamBusy as busy:
            if n == _TRIES - 1:
                raise
            await anyio.sleep(min(busy.retry_after_s or 2.0**n, _LONGEST_WAIT_S))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _broken(base_url, f"its XML is broken: {error.msg}") from error
    if root.getroottree().docinfo.doctype:
        raise _broken(base_url, "its XML names a document type")
    if etree.QName(root).localname != "OAI-PMH":
        raise _broken(base_url, "it does not speak OAI-PMH")
    return root


def _entry(record: _Element, base_url: str, prefix: str) -> CatalogueEntry | Withdrawn | Unusable:
    header = _first(record, "header")
    identifier = _text(header, "identifier") if header is not None else ""
    place = f"{base_url} {identifier}".strip()

    def bad(message: str, remedy: str) -> InvalidManifest:
        return InvalidManifest(message, remedy=remedy, path=place)

    if not identifier or header is None:
        return Unusable(bad("A record has no identifier.", "Tell the repository's keeper."))
    if header.get("status") == "deleted":
        return Withdrawn(identifier)
    metadata = _first(record, "metadata")
    if metadata is None:
        return Unusable(bad("The record has no metadata.", "Tell the repository's keeper."), identifier)
    fields = _lom(metadata) if prefix == "lom" else _dublin_core(metadata)
    try:
        return entry_of(fields, identifier, place, bad)
    except InvalidInput as problem:
        return Unusable(problem, identifier)


def _dublin_core(metadata: _Element) -> dict[str, Any]:
    """https://www.dublincore.org/specifications/dublin-core/dces/"""
    return {
        "title": next(_texts(metadata, "title"), ""),
        "description": "\n".join(_texts(metadata, "description")),
        "tags": list(_texts(metadata, "subject")),
        "language": next(_texts(metadata, "language"), ""),
        "published_at": next(_texts(metadata, "date"), ""),
        "url": next((text for text in _texts(metadata, "identifier") if _WEB.match(text)), ""),
    }


def _lom(metadata: _Element) -> dict[str, Any]:
    """IEEE 1484.12.3; of a text in several languages, the one in the course's own."""
    general = _first(metadata, "general")
    general = metadata if general is None else general
    language = next((e.text or "" for e in general if _is(e, "language")), "").strip()
    educational = _first(metadata, "educational")
    level = _first(educational, "difficulty") if educational is not None else None
    return {
        "title": _in_language(_first(general, "title"), language),
        "description": "\n".join(
            text for e in general if _is(e, "description") if (text := _in_language(e, language))
        ),
        "tags": [text for e in general if _is(e, "keyword") if (text := _in_language(e, language))],
        "language": language,
        "level": {"very easy": "beginner", "easy": "beginner", "medium": "intermediate"}.get(
            _text(level, "value"), "advanced" if level is not None else ""
        ),
        "url": next((text for text in _texts(metadata, "location") if _WEB.match(text)), ""),
    }


def _in_language(element: _Element | None, language: str) -> str:
    if element is None:
        return ""
    strings = [e for e in element.iter() if _is(e, "string") or _is(e, "langstring")]
    own = [
        e for e in strings if language and str(e.get("language", "")).lower().startswith(language[:2].lower())
    ]
    return next((" ".join(e.text.split()) for e in (*own, *strings) if e.text and e.text.strip()), "")


def _texts(root: _Element, tag: str) -> Iterator[str]:
    for element in root.iter("{*}" + tag):
        if element.text and element.text.strip():
            yield element.text.strip()


def _first(root: _Element, tag: str) -> _Element | None:
    return next(iter(root.iter("{*}" + tag)), None)


def _text(root: _Element | None, tag: str) -> str:
    return next(_texts(root, tag), "") if root is not None else ""


def _is(element: _Element, tag: str) -> bool:
    return isinstance(element.tag, str) and element.tag.rpartition("}")[2] == tag


def _broken(base_url: str, cause: str) -> UnreadableSource:
    return UnreadableSource(
        f"The repository cannot be harvested ({cause}).",
        remedy="Open ?verb=Identify in a browser, and check prefix and set.",
        path=base_url,
    )

"""An OAI-PMH repository into the library: what changed since the last harvest, or all of it."""

from __future__ import annotations

from baize.ports import Fetcher, Progress
from ingest.catalogue import DockingParts, dock
from ingest.extract.oai_pmh import harvest, identify
from ingest.report import CatalogueReport


async def harvest_source(
    platform_id: str,
    source_id: str,
    base_url: str,
    fetcher: Fetcher,
    parts: DockingParts,
    progress: Progress,
    *,
    prefix: str = "oai_dc",
    set_spec: str = "",
    full: bool = False,
) -> CatalogueReport:
    """Dock a repository as a source.

    A repository that does not tell what it deleted is read whole each time; what is unchanged costs nothing.

    Raises:
        InvalidInput, UnreadableSource, UpstreamBusy: as `ingest.extract.oai_pmh`; the library stays as it is,
            but for what had come in before.
    """
    repository = await identify(base_url, fetcher)
    before = await parts.cards.state(platform_id, source_id)
    delta = bool(before and before.complete and before.until and repository.tells_deletions and not full)
    since = before.until if before and delta else ""
    records = harvest(base_url, fetcher, prefix=prefix, set_spec=set_spec, since=since)
    return await dock(platform_id, source_id, records, parts, progress, delta=delta, until=repository.now)

"""Suite → raw results. `score` follows; `eval run` does both."""

from __future__ import annotations

from baize.errors import InvalidInput
from baize.settings import Settings
from eval.baselines import Stock, build_stock
from eval.dataset import Suite
from eval.kinds.bench import Bench, Desk
from eval.kinds.registry import KINDS
from eval.library import open_house, open_library
from eval.provenance import provenance
from eval.raw import Raw


async def run_suite(suite: Suite, settings: Settings, *, baselines: bool = False, limit: int = 0) -> Raw:
    """Run every item of a suite through the product.

    Args:
        baselines: run the stock pipelines too, where the kind has a place for them.
        limit: how many items, evenly spaced; 0 for all.

    Raises:
        InvalidInput: this build cannot run suites of this kind.
        DependencyUnavailable: a model or the index does not answer.
    """
    kind = KINDS[suite.kind]
    if kind.at_desk is not None:
        async with open_house(settings) as house:
            items = await kind.at_desk(Desk(suite, house, baselines, limit))
            about = provenance(suite, house, settings, n_chunks=None, limit=limit, baselines=baselines)
        return Raw(suite.name, suite.kind, about, items)
    if kind.observe is None:
        raise InvalidInput(f"Suite {suite.name}: {kind.lacks}", remedy="Leave it out.")
    async with open_library(suite, settings) as library:
        stock: dict[int, Stock] = {}
        if baselines and kind.has_stock:
            stock = await build_stock(suite.documents or suite.videos, library.house.embedder, suite.name)
        items = await kind.observe(Bench(suite, library, stock, limit))
        about = provenance(
            suite,
            library.house,
            settings,
            n_chunks=library.n_chunks,
            limit=limit,
            baselines=bool(stock),
        )
    return Raw(suite.name, suite.kind, about, items)

"""One person under several names: pairs of docked source and its id, linked and unlinked (decisions 1)."""

from __future__ import annotations

from collections.abc import Sequence

from baize.domain.platform import Identity, learner_named
from baize.errors import Conflict, InvalidInput, NotFound, Unauthorised
from baize.ports import Clock, Identities, LearnerTokens, Platforms


class Linking:
    """Links by a token that the platform signed for it, and unlinks."""

    def __init__(
        self, *, identities: Identities, platforms: Platforms, tokens: LearnerTokens, clock: Clock
    ) -> None:
        self._identities = identities
        self._platforms = platforms
        self._tokens = tokens
        self._clock = clock

    async def link(self, platform_id: str, learner_id: str, token: str) -> Identity:
        """From now on tokens of the pair in `token` speak for this learner.

        What was kept under the pair's own name stays there, and comes back when it is unlinked.

        Args:
            token: a learner token of the pair (`source`, `sub`) with `link_to`, the learner: without that, a
                token that somebody got hold of would hand over its learner for good.

        Raises:
            Unauthorised: the token is not good.
            InvalidInput: it is of another platform, of no source, or is not meant for this learner.
            Conflict: the pair belongs to another learner.
        """
        platform = await self._platforms.platform(platform_id)
        if platform is None or self._tokens.issuer(token) != platform_id:
            raise Unauthorised("The token is of another platform.", remedy="Send one that it signed.")
        claims = self._tokens.read(token, platform.secrets, self._clock.now(), jwks=platform.jwks)
        if not claims.source or claims.link_to != learner_id:
            raise InvalidInput(
                "The token does not link a source's learner to this one.",
                remedy=f"Sign `source`, `sub` and `link_to`: {learner_id!r}.",
            )
        made = Identity(platform_id, claims.source, claims.learner_id, learner_id, self._clock.now())
        if not await self._identities.put(made):
            raise Conflict(
                f"{claims.learner_id!r} of {claims.source!r} belongs to another learner.",
                remedy="Unlink it there first.",
            )
        return made

    async def of(self, platform_id: str, learner_id: str) -> list[Identity]:
        """The learner's pairs, by source and subject."""
        return await self._identities.of_learner(platform_id, learner_id)

    async def unlink(self, platform_id: str, learner_id: str, source: str, subject: str) -> None:
        """From now on tokens of the pair speak for a learner of their own again.

        Raises:
            NotFound: the learner has no such pair.
        """
        if not await self._identities.remove(platform_id, learner_id, source, subject):
            raise NotFound(
                f"The learner has no {subject!r} of {source!r}.",
                remedy=f"GET /v1/learners/{learner_id}/identities lists them.",
            )

    async def names(self, platform_id: str, learner_id: str) -> Sequence[str]:
        """All under which something may be kept of this person, the learner's own id first."""
        linked = await self.of(platform_id, learner_id)
        return [learner_id, *(learner_named(one.source, one.subject) for one in linked)]

"""A double of the port `ReviewCards`: in memory."""

from __future__ import annotations

from baize.domain.review import Review, ReviewCard


class MemoryReviewCards:
    """As the real store, but gone with the process."""

    def __init__(self) -> None:
        self._cards: dict[tuple[str, str, str], ReviewCard] = {}
        self._reviews: dict[tuple[str, str, str, float], Review] = {}

    async def put(self, card: ReviewCard, review: Review | None = None) -> None:
        """As `ReviewCards.put`."""
        self._cards[card.platform_id, card.learner_id, card.id] = card
        if review is not None:
            await self.add([review])

    async def get(self, platform_id: str, learner_id: str, card_id: str) -> ReviewCard | None:
        """As `ReviewCards.get`."""
        return self._cards.get((platform_id, learner_id, card_id))

    async def of_learner(self, platform_id: str, learner_id: str) -> list[ReviewCard]:
        """As `ReviewCards.of_learner`."""
        own = [card for key, card in self._cards.items() if key[:2] == (platform_id, learner_id)]
        return sorted(own, key=lambda card: (card.memory.due, card.id))

    async def reviews(self, platform_id: str, learner_id: str) -> list[Review]:
        """As `ReviewCards.reviews`."""
        own = [review for key, review in self._reviews.items() if key[:2] == (platform_id, learner_id)]
        return sorted(own, key=lambda review: (review.at, review.card_id))

    async def recent(self, platform_id: str, learner_id: str, *, cards: int, most: int) -> list[Review]:
        """As `ReviewCards.recent`."""
        own = await self.reviews(platform_id, learner_id)
        last = {review.card_id: review.at for review in own}
        latest = sorted(last, key=lambda card_id: (-last[card_id], card_id))[:cards]
        return [review for review in own if review.card_id in latest][:most]

    async def of_platform(self, platform_id: str, most: int) -> list[Review]:
        """As `ReviewCards.of_platform`."""
        found = [self._reviews[key] for key in sorted(self._reviews) if key[0] == platform_id]
        cut = found[most].learner_id if len(found) > most else None
        return [review for review in found[:most] if review.learner_id != cut]

    async def add(self, reviews: list[Review]) -> None:
        """As `ReviewCards.add`."""
        for one in reviews:
            self._reviews[one.platform_id, one.learner_id, one.card_id, one.at] = one

    async def forget(self, platform_id: str, learner_id: str) -> int:
        """As `ReviewCards.forget`."""
        gone = await self.of_learner(platform_id, learner_id)
        for card in gone:
            del self._cards[platform_id, learner_id, card.id]
        for key in [key for key in self._reviews if key[:2] == (platform_id, learner_id)]:
            del self._reviews[key]
        return len(gone)

    async def forget_course(self, platform_id: str, course_id: str) -> int:
        """As `ReviewCards.forget_course`."""
        gone = [
            key for key, card in self._cards.items() if (key[0], card.course_id) == (platform_id, course_id)
        ]
        for key in gone:
            del self._cards[key]
        return len(gone)

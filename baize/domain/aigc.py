"""The hidden label of what AI made: one JSON object under the key `AIGC`.

The Chinese rules ask for it (人工智能生成合成内容标识办法, articles 4, 5), in the form of GB 45438-2025.
The notice that people see is in `api/notices.py`.
"""

from __future__ import annotations

import json
import uuid

KEY = "AIGC"
PRODUCER = "Bai Ze"
_MADE_BY_AI = "1"


def aigc(number: str = "", producer: str = PRODUCER) -> str:
    """The object in ASCII, so that it may stand in any header or file.

    Args:
        number: of this piece of content; a new one where it has none.
        producer: the provider's name or code, who also delivers it.
    """
    number = number or str(uuid.uuid4())
    return json.dumps(
        {
            "Label": _MADE_BY_AI,
            "ContentProducer": producer,
            "ProduceID": number,
            "ReservedCode1": "",
            "ContentPropagator": producer,
            "PropagateID": number,
            "ReservedCode2": "",
        }
    )

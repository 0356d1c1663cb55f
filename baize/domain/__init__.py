"""The nouns of Bai Ze: frozen, slotted dataclasses over the standard library, shared by every layer."""

"""Finding: question → query → hits → moments → evidence. One module per arrow."""

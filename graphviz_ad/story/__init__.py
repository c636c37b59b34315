"""How a graph unfolds: numbers as texts, formulas, the timeline, the narration; draws nothing."""

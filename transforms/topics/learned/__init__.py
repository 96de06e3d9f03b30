"""Topics that are learned from labelled texts: an optional stage after the rules."""

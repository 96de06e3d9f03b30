"""Topics and figures with their evidence: the taxonomy, the matcher, the rules, the figures.

Nothing here reads argv, environment, clock or network; the vocabulary of every language is data under `data/`.
"""

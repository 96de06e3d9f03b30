"""Feeds: lists of them, their bodies, the identity and dates of their entries, and when to ask again."""

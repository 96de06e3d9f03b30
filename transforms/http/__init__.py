"""The one HTTP client of tocsin: guard, limits, robots.txt, politeness, and what a response holds.

Start at `client.Client` (one request) and `crawl.crawl` (many, from synchronous code).
"""

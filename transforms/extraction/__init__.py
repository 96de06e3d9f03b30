"""From a page's bytes to the parts of an article: text, title, authors, time, language."""

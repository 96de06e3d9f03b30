"""From a page's bytes to the parts of an article: text, title, authors, time, language.

`page` is the way in and reads like the data path: the tree is parsed once (`tree`), then what the page says of itself
to machines is read (`structured_data`, `site_names`, `hints`), and from both the title (`headline`), the authors
(`bylines`), the time (`publication_time`, `dates`) and the text follow. For the text, the page becomes a row of blocks
(`blocks`, with the words of classes in `vocabulary`), the article's place is found (`area`), its blocks are weighed
(`weighing`, `boxes`) and doubtful ones put before trafilatura (`second_reading`); where the page shows none, it is
taken from elsewhere on the page (`declared_text`) or from the feed (`feed_text`). `plain_text` makes text storable.
"""

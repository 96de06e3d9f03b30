"""The demo site: a small news site in seven languages that tocsin serves to itself on loopback.

`stories/` holds the publishers and their texts, `templates/` the pages they stand in. `publishers` reads the
texts, `pages` and `feeds` render them, `site` puts every answer of every host together, `server` serves them.
All persons, places, organisations and events are invented, and nothing depends on the clock.
"""

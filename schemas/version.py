"""The version of tocsin, for user agents and manifests."""

TOCSIN_VERSION = "0.1.0"
PROJECT_URL = "https://github.com/tocsin-project/tocsin"

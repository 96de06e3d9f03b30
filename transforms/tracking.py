"""Query parameters that only count clicks: advertising, newsletter and campaign tags of widely used services.

A parameter is listed when the service that adds it documents it as tracking and no site is known to choose its
content by it. Names that are ambiguous (ref, source, id, partner) are kept: a lost page is worse than a double.
"""

from urllib.parse import unquote

_PREFIXES = (
    "utm_",  # Google Analytics
    "mtm_",  # Matomo
    "matomo_",
    "pk_",  # Piwik, Matomo's former name
    "piwik_",
    "hsa_",  # HubSpot advertising
    "__hs",  # HubSpot
    "at_custom",  # Piano Analytics (AT Internet)
    "mkt_",  # Marketo
    "fb_action_",  # Facebook
    "guce_referrer",  # Yahoo consent
)

_NAMES = frozenset(
    {
        # Click identifiers of advertising networks.
        "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "gad_campaignid", "srsltid",
        "msclkid", "yclid", "ysclid", "ymclid", "twclid", "ttclid", "li_fat_id", "epik", "rdt_cid", "sccid",
        "scclid", "irclickid", "wickedid", "rb_clickid", "zanpid", "dicbo", "obclid", "tblci", "rtd_cid",
        # Shares of social networks.
        "igsh", "igshid", "fb_source", "fb_ref", "fbaid", "sr_share", "ref_src", "ref_url", "share_id",
        # Newsletters.
        "mc_cid", "mc_eid", "_hsenc", "_hsmi", "hsctatracking", "vero_id", "vero_conv", "oly_anon_id",
        "oly_enc_id", "ml_subscriber", "ml_subscriber_hash", "_kx", "_bhlid", "bsft_clkid", "bsft_uid",
        "dm_i", "ck_subscriber_id", "cmpid", "ncid", "sailthru_id", "trk_contact", "trk_msg", "trk_module",
        # Analytics.
        "_ga", "_gl", "_gac", "_openstat", "xtor", "xtref", "at_medium", "at_campaign", "at_platform",
        "at_creation", "at_link_id", "at_link_origin", "at_link_type", "at_format", "at_ptr_name", "s_cid",
        "wt_mc", "wt.mc_id", "wt_zmc", "ns_mchannel", "ns_source", "ns_campaign", "ns_linkname", "ns_fee",
        "guccounter", "ocid", "iclid", "_branch_match_id", "_branch_referrer",
    }
)  # fmt: skip


def is_tracking_parameter(name: str) -> bool:
    """Whether a query parameter of this (percent-encoded) name only counts clicks."""
    name = unquote(name).strip().lower()
    return name in _NAMES or name.startswith(_PREFIXES)

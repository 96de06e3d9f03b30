"""Settings: checked when made, and fit to travel between processes."""

import pickle

import pytest

from transforms.http.response import Kind
from transforms.http.settings import HttpSettings


def test_settings_travel():
    """Settings pickle and hash, and stay equal; their exceptions still hold."""
    settings = HttpSettings(
        "tocsin/1", allow_hosts=("a.test:8080", "10.0.0.0/8"), static_hosts=(("a.test", "127.0.0.1", 1),)
    )
    again = pickle.loads(pickle.dumps(settings))
    assert again == settings
    assert hash(again) == hash(settings)
    assert again.allow_list.exempts_host("a.test", 8080)
    assert not again.allow_list.exempts_host("a.test", 80)
    assert again.allow_list.exempts_address("10.1.2.3")


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_agent": ""},
        {"user_agent": "a\r\nX: y"},
        {"host_delay": -1.0},
        {"host_delay": float("nan")},
        {"request_timeout": 0.0},
        {"connect_timeout": float("nan")},
        {"allow_hosts": ("http://x/",)},
        {"proxy": "socks5://127.0.0.1:1"},
        {"proxy": "127.0.0.1:3128"},
        {"proxy": "http://"},
    ],
)
def test_values_that_cant_be_used_are_refused(wrong):
    """A value that can't be used is a ValueError with a sentence, when the settings are made."""
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        HttpSettings(**{"user_agent": "tocsin/1", **wrong})


@pytest.mark.parametrize(
    ("user_agent", "token"),
    [("tocsin/0.1 (+https://x)", "tocsin"), ("MyBot-News/2", "mybot-news"), ("(odd)", "tocsin")],
)
def test_the_product_token_follows_the_user_agent(user_agent, token):
    """robots.txt addresses whoever asks by the first word of its user agent."""
    assert HttpSettings(user_agent).product_token == token


def test_caps_are_by_kind():
    """Feeds, pages and robots.txt have caps of their own."""
    settings = HttpSettings("tocsin/1")
    assert [settings.cap(kind) for kind in Kind] == [16 << 20, 8 << 20, 500 << 10]

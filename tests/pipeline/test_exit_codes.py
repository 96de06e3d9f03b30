"""What the program says and how it ends when it is used wrongly, or the world is not as it should be."""

import fcntl
import json

import pytest

from tests.support.runs import manifests, rows, tocsin
from tests.support.site import Item, Page, Site, article_page, rss

LONG = ["The council met on Tuesday to settle the budget of the harbour works for the coming year."] * 4


@pytest.fixture
def site():
    with Site() as site:
        site.pages["/a.html"] = article_page("Budget of the harbour settled", LONG)
        site.pages["/feed.xml"] = rss([Item(f"{site.url}/a.html", title="Budget of the harbour settled")])
        yield site


@pytest.fixture
def run(site, tmp_path):
    def start(*arguments, lines=None, **how):
        feed_list = tmp_path / "feeds.txt"
        feed_list.write_text("\n".join(lines if lines is not None else [f"{site.url}/feed.xml"]))
        base = ("run", "--feeds", feed_list, "--out", tmp_path / "lake", "--allow-host", "127.0.0.1")
        return tocsin(*base, "--host-delay", 0, *arguments, **how)

    return start


def _refused(done, *words):
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def test_an_option_of_neither_is_refused(run):
    """An option that tocsin does not know is exit 2 and named."""
    _refused(run("--colour"), "--colour")


def test_an_option_that_beam_does_not_know_is_refused(run, tmp_path):
    """Beam itself only warns of these; tocsin refuses them before anything is begun."""
    _refused(run("--", "--no_such_beam_option=1"), "--no_such_beam_option=1")
    assert not (tmp_path / "lake").exists()


def test_options_of_beam_are_passed_on(run):
    """What Beam knows goes through after the two dashes."""
    assert run("--", "--job_name=harbour").returncode == 0


@pytest.mark.parametrize("arguments", [("--runner=DirectRunner",), ("--", "--runner=DirectRunner")])
def test_the_direct_runner_is_the_in_process_engine_and_says_so(run, arguments):
    """Asked for as tocsin's option or as Beam's, DirectRunner runs in process, without an attempt to download."""
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "in-process engine" in done.stdout
    assert "download" not in (done.stdout + done.stderr).lower()


def test_an_unknown_runner_is_refused(run):
    """A runner that tocsin does not run on is named, with those that it does."""
    _refused(run("--runner", "NoSuchRunner"), "NoSuchRunner", "FnApiRunner")


def test_an_output_that_is_a_file_is_refused(run, tmp_path):
    """An output that can't be a folder is exit 2, and the sentence names it."""
    (tmp_path / "lake").write_text("in the way")
    _refused(run(), str(tmp_path / "lake"))


def test_an_output_below_a_file_is_refused(run, tmp_path):
    """An output that can't be made is exit 2, and the sentence names it."""
    (tmp_path / "file").write_text("in the way")
    _refused(run("--out", tmp_path / "file" / "lake"), str(tmp_path / "file" / "lake"))


def test_a_malformed_taxonomy_is_refused_with_file_and_line(run, tmp_path):
    """The sentence says where the taxonomy is wrong."""
    taxonomy = tmp_path / "mine.yaml"
    taxonomy.write_text("topics:\n  - riot\n   - protest\n")
    _refused(run("--taxonomy", taxonomy), "mine.yaml:")


def test_a_taxonomy_that_is_not_there_is_refused(run, tmp_path):
    """The sentence names the file."""
    _refused(run("--taxonomy", tmp_path / "none.yaml"), "none.yaml")


def test_a_feed_list_that_is_not_there_is_refused(run, tmp_path):
    """The sentence names the list."""
    _refused(run("--feeds", tmp_path / "none.opml"), "none.opml")


def test_a_feed_list_without_a_good_line_is_refused_with_the_line(run):
    """The first bad line is named by its number."""
    _refused(run(lines=["# mine", "not a url at all", "ftp://example.org/feed"]), "line 2")


def test_a_bad_line_among_good_ones_is_a_dead_letter(run, site, tmp_path):
    """One bad line costs nothing but itself, and its number is kept."""
    done = run(lines=["# mine", f"{site.url}/feed.xml", "htp:/nowhere"])
    assert done.returncode == 0, done.stderr
    (letter,) = rows(tmp_path / "lake", "dead_letters")
    assert (letter["stage"], letter["level"], letter["reason"]) == ("feed_list", "feed", "bad_url")
    assert "line 3" in letter["detail"]
    assert len(rows(tmp_path / "lake", "articles")) == 1


def test_strict_refuses_a_bad_line(run, site):
    """With --strict a bad line is exit 2, named by its number."""
    _refused(run("--strict", lines=[f"{site.url}/feed.xml", "htp:/nowhere"]), "line 2")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--deadline", "soon"),
        ("--deadline", "99999999999d"),
        ("--metrics-file", "/nowhere/at/all.prom"),
        ("--metrics-port", "70000"),
        ("--pages", "sometimes"),
        ("--allow-host", "not/a/host"),
        ("--host-delay", "-1"),
        ("--workers", "-2"),
        ("--request-timeout", "0"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(run, option, value):
    """The option is named."""
    _refused(run(option, value), option)


def test_a_lock_that_can_not_be_opened_is_refused(run, tmp_path):
    """A folder in the place of the lock file is named, with what to do."""
    (tmp_path / "lake" / ".lock").mkdir(parents=True)
    _refused(run(), "the lock file")


def test_an_error_is_a_line_of_json_where_logs_are_json(run, tmp_path):
    """With --json-logs the last line of a failing run can be read like all others."""
    done = run("--json-logs", "--feeds", tmp_path / "none.opml")
    assert done.returncode == 2
    assert "none.opml" in json.loads(done.stderr.splitlines()[-1])["message"]


def test_folders_of_our_names_in_the_working_directory_are_left_alone(run, tmp_path, monkeypatch):
    """Workers import the installed packages, wherever tocsin is called from."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    for package in ("schemas", "transforms", "pipeline"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise SystemExit('the wrong package')")
    done = run(cwd=tmp_path, safe_path=False)
    assert done.returncode == 0, done.stderr
    assert "wrong package" not in done.stderr
    assert len(rows(tmp_path / "lake", "articles")) == 1


def test_a_second_run_on_one_output_ends_with_3(run, tmp_path):
    """While a run holds the output, another leaves it alone."""
    assert run().returncode == 0
    with (tmp_path / "lake" / ".lock").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = run()
    assert done.returncode == 3
    assert "another run holds" in done.stderr
    assert len(manifests(tmp_path / "lake")) == 1


def test_not_one_feed_that_answers_ends_with_4(run, site, tmp_path):
    """The run is committed, with its dead letters, and the exit code says that nothing could be had."""
    done = run(lines=[f"{site.url}/none.xml"])
    assert done.returncode == 4
    (letter,) = rows(tmp_path / "lake", "dead_letters")
    assert letter["reason"] == "http_4xx"
    assert len(manifests(tmp_path / "lake")) == 1


def test_a_homepage_given_as_a_feed_is_told_with_its_feeds(run, site, tmp_path):
    """The dead letter says that it is a page, and names the feeds that the page links to."""
    site.pages["/"] = Page(
        b"<html><head><link rel='alternate' type='application/rss+xml' href='/feed.xml'></head><body>Home</body></html>"
    )
    run(lines=[f"{site.url}/", f"{site.url}/feed.xml"])
    (letter,) = rows(tmp_path / "lake", "dead_letters")
    assert letter["reason"] == "not_a_feed"
    assert f"{site.url}/feed.xml" in letter["detail"]


def test_secrets_in_urls_reach_neither_tables_nor_manifests_nor_output(run, site, tmp_path):
    """User information and token parameters of a feed's URL stand nowhere but in the user's own list."""
    url = site.url.replace("http://", "http://reader:hunter2@")
    done = run("-v", lines=[f"{url}/feed.xml?token=s3cr3tvalue", f"{url}/none.xml?api_key=s3cr3tvalue"])
    assert done.returncode == 0, done.stderr
    assert site.fetched("/feed.xml") == 1
    assert any("token=s3cr3tvalue" in request.path for request in site.requests)
    written = b"".join(path.read_bytes() for path in (tmp_path / "lake" / "runs").rglob("*.json"))
    shown = (done.stdout + done.stderr).encode()
    for table in ("articles", "dead_letters", "feed_fetches"):
        shown += repr(rows(tmp_path / "lake", table)).encode()
    for secret in (b"hunter2", b"s3cr3tvalue"):
        assert secret not in written + shown

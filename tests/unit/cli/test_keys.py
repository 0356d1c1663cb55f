"""`baize keys` and `baize tenants` on a scratch database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from baize.bootstrap import House
from baize.cli import build
from baize.cli import run as run_work
from baize.domain.course import Course


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """An empty data folder, and no settings file near."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        patch.setenv("BAIZE_DATA_DIR", str(tmp_path / "data"))
        yield tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build(), list(arguments))


def test_a_key_is_made_listed_and_revoked(data: Path) -> None:
    """The text is shown once; the list knows its state."""
    made = json.loads(run("keys", "create", "--scope", "teach", "--label", "门户", "--json").stdout)
    assert made["key"].startswith("bz_")
    assert made["scopes"] == ["teach"]
    listed = run("keys", "list", "--json")
    assert made["key"] not in listed.stdout
    assert [row["id"] for row in json.loads(listed.stdout)] == [made["id"]]

    assert run("keys", "revoke", made["id"]).exit_code == 0
    assert "revoked" in run("keys", "list").stdout
    assert run("keys", "revoke", "nothing").exit_code == 2


def test_a_key_is_followed_by_another(data: Path) -> None:
    """Both are good for a while; the list says until when, and for which courses."""
    made = json.loads(
        run("keys", "create", "--scope", "ask", "--course", "c1", "--days", "30", "--json").stdout
    )
    followed = json.loads(run("keys", "rotate", made["id"], "--grace-hours", "1", "--json").stdout)
    rows = {row["id"]: row for row in json.loads(run("keys", "list", "--json").stdout)}
    assert followed["key"] != made["key"]
    assert (followed["scopes"], followed["courses"]) == (["ask"], ["c1"])
    assert rows[made["id"]]["expires_at"] < rows[followed["id"]]["expires_at"]
    assert "ask  [c1]" in run("keys", "list").stdout
    assert run("keys", "rotate", "nothing").exit_code == 2


def test_a_key_of_an_unknown_course_is_made_with_a_warning(data: Path) -> None:
    """The course may come yet, or the id be a slip; one that is there brings none."""

    async def put(opened: House) -> None:
        await opened.publisher.put_course(Course("default", "c1", "课", "zh"))

    run_work(None, put)
    made = run("keys", "create", "--course", "c1", "--course", "helth")
    assert made.exit_code == 0
    assert len(made.stdout.split()) == 1, "the key alone"
    (warning,) = [line for line in made.stderr.splitlines() if line.startswith("Warning")]
    assert warning.startswith("Warning: platform default has no course 'helth' yet:")
    assert "`baize status`" in warning


def test_an_lti_platform_whose_keys_nobody_may_ask_for_is_told(data: Path) -> None:
    """When it is set up, not at its first launch; it is registered all the same."""
    pytest.importorskip("pylti1p3")
    run("tenants", "create", "province")
    there = ("--issuer", "https://lms.example", "--client", "abc", "--auth-url", "https://lms.example/auth")
    arguments = ("tenants", "lti", "province", *there, "--jwks-url", "https://lms.example/jwks")
    made = run(*arguments)
    assert made.exit_code == 0
    assert "https://lms.example is not in lti.hosts" in made.stderr
    assert "--jwks FILE" in made.stderr
    assert "login: " in made.stdout
    assert "lms.example" in run("tenants", "lti", "province").stdout
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BAIZE_LTI__HOSTS", '["lms.example"]')
        assert run(*arguments).stderr == ""


def test_tokens_are_revoked(data: Path) -> None:
    """One, a learner's, or all; never without saying which."""
    run("tenants", "create", "province")
    for which in (("--token", "t1"), ("--learner", "lin"), ("--all",)):
        assert run("tenants", "revoke", "province", *which).exit_code == 0
    assert run("tenants", "revoke", "province").exit_code == 2
    assert run("tenants", "revoke", "province", "--all", "--token", "t1").exit_code == 2
    assert run("tenants", "update", "province", "--token-role", "teach").exit_code == 0
    assert run("tenants", "update", "province", "--token-role", "king").exit_code == 2


def test_only_the_key_is_on_stdout(data: Path) -> None:
    """`KEY=$(baize keys create)` works."""
    result = run("keys", "create")
    assert result.stdout.strip().startswith("bz_")
    assert len(result.stdout.split()) == 1
    assert "not shown again" in result.stderr


def test_a_tenant_is_made_and_changed(data: Path) -> None:
    """Its secret is shown once, its origins as browsers send them, and it signs a token."""
    made = run("tenants", "create", "province", "--title", "某省", "--origin", "https://Learn.example/")
    assert len(made.stdout.strip()) > 40
    assert json.loads(run("tenants", "list", "--json").stdout) == [
        {"platform": "province", "title": "某省", "origins": ["https://learn.example"]}
    ]
    assert run("tenants", "update", "province", "--no-origins").exit_code == 0
    assert json.loads(run("tenants", "list", "--json").stdout)[0]["origins"] == []
    assert run("tenants", "secret", "province").stdout != made.stdout
    assert run("tenants", "token", "province", "--learner", "lin").stdout.count(".") == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("keys", "create", "--scope", "all"), "all"),
        (("keys", "create", "--platform", "nowhere"), "nowhere"),
        (("tenants", "create", "a b"), "a b"),
        (("tenants", "create", "x", "--origin", "example.com"), "example.com"),
        (("tenants", "update", "nowhere"), "nowhere"),
        (("tenants", "token", "nowhere", "--learner", "x"), "nowhere"),
    ],
)
def test_bad_input_is_named(data: Path, arguments: tuple[str, ...], named: str) -> None:
    """Exit code 2, the thing and the remedy."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert named in result.stderr


def test_a_key_set_that_cannot_be_read_is_told(data: Path) -> None:
    """In words, not as Python's exception."""
    assert run("tenants", "create", "province").exit_code == 0
    (data / "utf16.json").write_bytes(b"\xff\xfe")
    for name, why in (("nope.json", "No such file or directory"), ("utf16.json", "it is no text in UTF-8")):
        told = run("tenants", "update", "province", "--jwks", name)
        assert (told.exit_code, told.stderr) == (2, f"baize: {name} cannot be read: {why}. Check the path.\n")

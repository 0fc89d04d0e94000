"""Settings: from the environment, with secrets that do not show."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.errors import HomeUnusableError
from bot.settings import Settings


def test_the_environment_is_read_with_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEFU_HOME", "/srv/kefu")
    monkeypatch.setenv("KEFU_PORT", "9000")
    monkeypatch.setenv("KEFU_ALLOWED_ORIGINS", '["https://shop.example"]')
    settings = Settings()
    assert (settings.home, settings.port) == (Path("/srv/kefu"), 9000)
    assert settings.allowed_origins == ("https://shop.example",)
    assert settings.url == "sqlite:////srv/kefu/kefu.db"
    assert settings.bundles_dir == Path("/srv/kefu/bundles")


def test_secrets_never_show() -> None:
    settings = Settings(
        telegram_token="123:abc",
        telegram_webhook_secret="k9k9",
        database_url="postgresql://u:hunter2@h/d",
    )
    for hidden in ("abc", "k9k9", "hunter2"):
        assert hidden not in repr(settings)
    assert settings.url == "postgresql://u:hunter2@h/d"


@pytest.mark.parametrize("values", [{"port": 70000}, {"log_level": "LOUD"}, {"model_threads": 0}])
def test_what_cannot_be_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**values)


def test_the_home_is_the_owners_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "a" / "home")
    settings.prepare_home()
    settings.prepare_home()
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700
    assert settings.bundles_dir.is_dir()


def test_a_home_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HomeUnusableError, match="choose another with --home or KEFU_HOME"):
        Settings(home=tmp_path / "file" / "home").prepare_home()

import pytest
from pydantic import ValidationError

from domain.standard import Mode
from settings import PAGES, RELEASE, Settings, SettingsInvalid, settings


@pytest.fixture(autouse=True)
def _without_settings() -> None:
    settings.cache_clear()


def test_what_the_stack_gives_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTRIDER_TABLE", "ledger")
    monkeypatch.setenv("OUTRIDER_MODE", "register")
    monkeypatch.setenv("OUTRIDER_IMAGE_REPOSITORIES", "public.ecr.aws/a/*, 123456789012.dkr.ecr.*/b,,")
    found = settings()
    assert (found.table, found.mode) == ("ledger", Mode.REGISTER)
    assert found.image_repositories == ("public.ecr.aws/a/*", "123456789012.dkr.ecr.*/b")
    monkeypatch.setenv("OUTRIDER_TABLE", "another")
    assert settings() is found


def test_a_function_without_settings_may_do_the_least() -> None:
    found = Settings.model_validate({})
    assert (found.mode, found.image_repositories, found.standard) == (Mode.REPORT, (), "")


@pytest.mark.parametrize("given", [{}, {"OUTRIDER_DOCS": ""}])
def test_links_lead_to_the_release_s_own_pages_unless_the_stack_names_others(given: dict[str, str]) -> None:
    assert Settings.model_validate(given).docs == PAGES
    assert PAGES.endswith(f"/v{RELEASE}")
    assert Settings.model_validate({"OUTRIDER_DOCS": "https://docs.example"}).docs == "https://docs.example"


def test_what_is_wrong_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTRIDER_MODE", "c4nary")
    with pytest.raises(SettingsInvalid) as caught:
        settings()
    assert str(caught.value) == "The function's environment is wrong in OUTRIDER_MODE. Deploy the stack again."
    assert caught.value.__suppress_context__


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().table = "another"  # type: ignore[misc] # that it cannot be set is what is tested

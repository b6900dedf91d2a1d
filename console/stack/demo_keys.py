"""The demo API keys. Nothing but the local stack makes them; they stand in files of its folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.contrib.auth import get_user_model

from console.stack.folder import write_private
from orders.models import ApiKey
from orders.shops.keys import PATTERN, create_key


@dataclass(frozen=True)
class DemoKey:
    """A key: the name of its file and its account, what it is called, and what it is for in words and in scopes."""

    file: str
    account: str
    name: str
    purpose: str
    scopes: tuple[ApiKey.Scope, ...]


# Two, because nobody approves an order that the same account submitted.
DEMO_KEYS: Final = (
    DemoKey("api-key", "clerk", "demo shop", "submits and reads orders", (ApiKey.Scope.SUBMIT, ApiKey.Scope.READ)),
    DemoKey(
        "approver-api-key",
        "approver",
        "demo approver",
        "approves, cancels and refunds them",
        (ApiKey.Scope.READ, ApiKey.Scope.DECIDE, ApiKey.Scope.REFUND),
    ),
)


def ensure_keys(folder: Path) -> bool:
    """Make the keys whose files are missing or of another database; tell whether any was made."""
    missing = [demo for demo in DEMO_KEYS if not _is_known(folder / demo.file)]
    for demo in missing:
        account = get_user_model().objects.get(username=demo.account)
        _, text = create_key(name=demo.name, scopes=demo.scopes, account=account, created_by="runstack")
        write_private(folder / demo.file, text)
    return bool(missing)


def describe_keys(folder: Path) -> dict[str, str]:
    """Return a line for each key, by the account that it acts as."""
    return {f"Key of {demo.account}": f"{(folder / demo.file).read_text()} {demo.purpose}" for demo in DEMO_KEYS}


def _is_known(path: Path) -> bool:
    match = PATTERN.fullmatch(path.read_text()) if path.exists() else None
    return match is not None and ApiKey.objects.filter(prefix=match[1]).exists()

"""The app's identity at Azure: one credential a worker, built when a token is first needed."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shared.clients.azure_core_errors import identity_error

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential


class AppCredential:
    """A TokenCredential that builds DefaultAzureCredential on first use, so that an app with keys never imports it.

    `client_id` names a user-assigned identity; without it AZURE_CLIENT_ID decides, which the library reads itself.
    """

    def __init__(self, client_id: str = "") -> None:
        self.client_id = client_id

    @cached_property
    def _credential(self) -> "TokenCredential":
        # Two threads that meet here build two, and one is kept: harmless, tokens are cached in either.
        from azure.identity import DefaultAzureCredential

        named = {"managed_identity_client_id": self.client_id} if self.client_id else {}
        return DefaultAzureCredential(**named)

    def get_token(self, *scopes: str, **options: Any) -> "AccessToken":
        """Return a token for the scopes; the library caches it until shortly before it expires."""
        return self._credential.get_token(*scopes, **options)


def token_provider(credential: "TokenCredential", scope: str, service: str) -> Callable[[], str]:
    """Return a function that gives a current bearer token for one plane of Azure.

    Raises (the function):
        PermissionDenied: when no identity of this machine gets a token for the scope.
    """

    def provide() -> str:
        from azure.core.exceptions import AzureError

        try:
            return credential.get_token(scope).token
        except AzureError as error:
            raise identity_error(service, error) from None

    return provide

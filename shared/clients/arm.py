"""The Deployments port on Azure Resource Manager's REST API."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from shared.clients.credentials import token_provider
from shared.clients.http_answers import retry_after, safe_words
from shared.core.deployments import RUN_TAG, DeploymentSnapshot, fingerprint_tags, is_ours
from shared.core.plans import Plan
from shared.errors import NotFound, ServiceError, ServiceUnavailable, error_for_status
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from requests import Response

SERVICE = "arm"
# The stable version that Microsoft's own management SDK for Python sends; newer ones add nothing that is used here.
API_VERSION = "2025-09-01"
# A fine-tuned model has this one version, whatever its base model's is.
MODEL_FORMAT, MODEL_VERSION = "OpenAI", "1"
CONNECT_SECONDS, ANSWER_SECONDS = 10, 60
# Reads are repeated at once, after half a second and after one; the stage decides about writes, which it looks before.
READ_RETRIES, READ_BACKOFF_SECONDS = 3, 0.5

type Json = Mapping[str, Any]


class ArmDeployments:
    """The deployments of the account that AZURE_OPENAI_RESOURCE_ID names, by the app's identity (ARM has no keys)."""

    def __init__(self, settings: Settings, credential: "TokenCredential") -> None:
        self._account = f"{settings.arm_endpoint}{settings.account_resource_id}"
        self._token = token_provider(credential, settings.arm_token_scope, SERVICE)

    def check_deployment(self, name: str) -> DeploymentSnapshot | None:
        """Return a deployment, or None when there is none of that name."""
        try:
            answer = self._send("check_deployment", "GET", name)
        except NotFound:
            return None
        return deployment_from(_json(answer, "check_deployment"), name)

    def create_deployment(self, plan: Plan, model: str) -> DeploymentSnapshot:
        """Create or update the plan's deployment for `model`, fingerprint in its tags; the caller has looked."""
        answer = self._send("create_deployment", "PUT", plan.deployment_name, deployment_request(plan, model))
        return deployment_from(_json(answer, "create_deployment"), plan.deployment_name)

    def delete_deployment(self, name: str) -> None:
        """Delete a deployment; absent is as good as deleted. The caller has made sure that it is ours."""
        try:
            self._send("delete_deployment", "DELETE", name)
        except NotFound:
            return

    def _send(self, operation: str, method: str, name: str, body: Json | None = None) -> "Response":
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3 import Retry

        url = f"{self._account}/deployments/{quote(name, safe='')}"
        retry = Retry(
            total=READ_RETRIES,
            backoff_factor=READ_BACKOFF_SECONDS,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=("GET",),
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        token = self._token()
        # A session a call: there is one every minute or so, and sessions are not made to be shared by threads.
        with requests.Session() as session:
            session.mount(url, HTTPAdapter(max_retries=retry))
            # As `auth`, because a .netrc would override a header.
            session.auth = lambda request: _bearing(request, token)
            try:
                answer = session.request(
                    method,
                    url,
                    params={"api-version": API_VERSION},
                    json=body,
                    timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                    # A token goes to the endpoint that the settings name and nowhere else.
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                raise ServiceUnavailable(SERVICE, operation, said=type(error).__name__) from None
        if not 200 <= answer.status_code < 300:
            raise arm_error(operation, answer)
        return answer


def deployment_request(plan: Plan, model: str) -> dict[str, Any]:
    """Return the body of the PUT that makes the plan's deployment; no content filter is named, so the default holds."""
    return {
        "sku": {"name": plan.sku, "capacity": plan.capacity},
        "properties": {
            "model": {"format": MODEL_FORMAT, "name": model, "version": MODEL_VERSION},
            "versionUpgradeOption": "NoAutoUpgrade",
        },
        "tags": fingerprint_tags(plan.run_id),
    }


def deployment_from(answer: Json, name: str) -> DeploymentSnapshot:
    """Return ARM's deployment; what is missing or null in it is "" or 0, and without both tags it is not ours."""
    properties, sku = _object(answer, "properties"), _object(answer, "sku")
    tags = {str(key): str(value) for key, value in _object(answer, "tags").items()}
    capacity = sku.get("capacity")
    return DeploymentSnapshot(
        name=str(answer.get("name") or name),
        model=str(_object(properties, "model").get("name") or ""),
        sku=str(sku.get("name") or ""),
        capacity=capacity if isinstance(capacity, int) else 0,
        provisioning_state=str(properties.get("provisioningState") or ""),
        run_id=tags.get(RUN_TAG, ""),
        owned=is_ours(tags),
    )


def arm_error(operation: str, answer: "Response") -> ServiceError:
    """Return the ServiceError for an answer that is not a success."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    error = _object(body, "error") if isinstance(body, Mapping) else {}
    return error_for_status(answer.status_code)(
        SERVICE,
        operation,
        status=answer.status_code,
        service_code=str(error.get("code") or ""),
        said=safe_words(str(error.get("message") or "")),
        retry_after=retry_after(answer.headers),
    )


def _json(answer: "Response", operation: str) -> Json:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, Mapping):
        raise ServiceUnavailable(SERVICE, operation, said="the answer is not the JSON that was expected")
    return body


def _object(answer: Json, name: str) -> Json:
    value = answer.get(name)
    return value if isinstance(value, Mapping) else {}


def _bearing(request: Any, token: str) -> Any:
    request.headers["Authorization"] = f"Bearer {token}"
    return request

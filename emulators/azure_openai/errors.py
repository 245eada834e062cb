"""The errors that the service answers with, each with the status, code and text that were recorded or published."""

from collections.abc import Mapping
from typing import Any


class ServiceError(Exception):
    """An answer that is no success; `extra` are members of the error object beside code and message."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def body(self) -> dict[str, Any]:
        """Return the error as the service's JSON."""
        return {"error": {"code": self.code, "message": self.message, **self.extra}}


def invalid_payload(message: str) -> ServiceError:
    """Return the answer to a request whose content cannot be accepted."""
    return ServiceError(400, "invalidPayload", message)


def not_found(kind: str, name: str) -> ServiceError:
    """Return the answer for a resource of the data plane that is not there."""
    return ServiceError(404, "notFound", f"The {kind} '{name}' was not found.")


def no_such_route() -> ServiceError:
    """Return the answer for a path or an api-version that the service does not know."""
    return ServiceError(404, "404", "Resource not found")


def quota_exceeded(what: str, limit: int) -> ServiceError:
    """Return the answer to a request beyond a limit of the account."""
    return ServiceError(400, "quotaExceeded", f"The quota for {what} is reached. The maximum is {limit}.")


def unexpected_state(kind: str, name: str, status: str, action: str) -> ServiceError:
    """Return the answer to an action that the resource's state does not allow (code published, status inferred)."""
    message = f"The {kind} '{name}' is in state '{status}', in which it cannot be {action}."
    return ServiceError(409, "unexpectedEntityState", message)


def wrong_key() -> ServiceError:
    """Return the recorded answer of the data plane to a missing or wrong key or token."""
    message = (
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
        "active subscription and use a correct regional API endpoint for your resource."
    )
    return ServiceError(401, "401", message)


def arm_not_authenticated(message: str, code: str = "AuthenticationFailed") -> ServiceError:
    """Return ARM's answer to a missing or unfit token."""
    headers = {"WWW-Authenticate": 'Bearer authorization_uri="https://login.microsoftonline.com/common"'}
    return ServiceError(401, code, message, headers=headers)


def deployment_not_found() -> ServiceError:
    """Return the recorded answer of the data plane for a deployment that is absent or not spread yet."""
    message = (
        "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, "
        "please wait a moment and try again."
    )
    return ServiceError(404, "DeploymentNotFound", message)


def rate_limited(api_version: str, kind: str, seconds: int, headers: Mapping[str, str]) -> ServiceError:
    """Return the recorded answer to a request beyond its deployment's capacity; `kind` is token or call."""
    message = (
        f"Requests to the ChatCompletions_Create Operation under Azure OpenAI API version {api_version} have exceeded "
        f"{kind} rate limit of your current OpenAI S0 pricing tier. Please retry after {seconds} seconds. Please go "
        "here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit."
    )
    return ServiceError(429, "429", message, headers=headers)


def prompt_filtered() -> ServiceError:
    """Return the recorded answer to a prompt that the content policy refuses."""
    message = (
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please "
        "modify your prompt and retry. To learn more about our content filtering policies please read our "
        "documentation: https://go.microsoft.com/fwlink/?linkid=2198766"
    )
    results = {
        "hate": {"filtered": True, "severity": "high"},
        "jailbreak": {"filtered": False, "detected": False},
        "self_harm": {"filtered": False, "severity": "safe"},
        "sexual": {"filtered": False, "severity": "safe"},
        "violence": {"filtered": False, "severity": "safe"},
    }
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": results}
    extra = {"type": None, "param": "prompt", "status": 400, "innererror": inner}
    return ServiceError(400, "content_filter", message, extra=extra)


def request_conflict(parent: str) -> ServiceError:
    """Return ARM's recorded answer to a write while another write of the same account goes on."""
    message = f"Another operation is being performed on the parent resource '{parent}'. Please try again later."
    return ServiceError(409, "RequestConflict", message)


def insufficient_quota(needed: int, quota: str, used: int, limit: int) -> ServiceError:
    """Return ARM's recorded answer to a capacity beyond the quota (all numbers in thousands of tokens a minute)."""
    message = (
        f"This operation require {needed} new capacity in quota {quota}, which is bigger than the current available "
        f"capacity {limit - used}. The current quota usage is {used} and the quota limit is {limit} for quota {quota}."
    )
    return ServiceError(400, "InsufficientQuota", message)


def unsupported_sku(sku: str, model: str, version: str) -> ServiceError:
    """Return ARM's recorded answer to a SKU that the model cannot be deployed with."""
    message = (
        f"The specified SKU '{sku}' of account deployment is not supported by the model '{model}' version '{version}'."
    )
    return ServiceError(400, "InvalidResourceProperties", message)


def unsupported_model(model_format: str, name: str, version: str) -> ServiceError:
    """Return ARM's answer to a model that the account does not have (code and text not confirmed by a recording)."""
    message = (
        f"The model 'Format: {model_format}, Name: {name}, Version: {version}' of account deployment is not supported."
    )
    return ServiceError(400, "DeploymentModelNotSupported", message)


def arm_resource_not_found(name: str) -> ServiceError:
    """Return ARM's answer for a resource that is not there."""
    return ServiceError(404, "ResourceNotFound", f"The resource '{name}' was not found.")


def arm_invalid(message: str, code: str = "InvalidRequestContent") -> ServiceError:
    """Return ARM's answer to a body that it cannot read."""
    return ServiceError(400, code, message)

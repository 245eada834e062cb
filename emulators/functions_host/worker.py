"""Indexes a function app and invokes its functions through Microsoft's own Python worker library."""

import json
import os
import sys
import types
import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure_functions_runtime as runtime

from emulators.functions_host.errors import IndexingError

# Triggers this host can fire, and the bindings it can fill or read; anything else is refused at the start.
_KINDS = ("http", "blob", "queue", "timer", "orchestration", "activity", "entity")
TRIGGERS = frozenset(f"{kind}Trigger" for kind in _KINDS)
OTHER_BINDINGS = frozenset({"http", "durableClient"})


class Message:
    """A stand-in for one of the worker protocol's protobuf messages: the fields it was made with, as attributes."""

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        """Return the field that is set; every union made here has exactly one."""
        return next((name for name in vars(self) if name != "name"), None)


def typed(kind: str, value: Any) -> Message:
    """Return a TypedData message: a value with its kind (string, json, bytes, http, model_binding_data)."""
    return _PROTOCOL.TypedData(**{kind: value})


def http_request(**fields: Any) -> Message:
    """Return an RpcHttp message with method, url, headers, body, query and params."""
    return _PROTOCOL.RpcHttp(**fields)


def _protocol() -> types.SimpleNamespace:
    names = (
        "BindingInfo RpcFunctionMetadata RpcRetryOptions StatusResult WorkerInitResponse WorkerMetadata "
        "FunctionMetadataResponse FunctionLoadResponse InvocationResponse TypedData RpcHttp RpcHttpCookie "
        "ParameterBinding RpcException NullableString NullableBool NullableDouble NullableTimestamp"
    )
    protocol = types.SimpleNamespace(**{name: type(name, (Message,), {}) for name in names.split()})
    protocol.BindingInfo.undefined, protocol.BindingInfo.out, protocol.BindingInfo.inout = 0, 1, 2
    protocol.StatusResult.Failure, protocol.StatusResult.Success = 0, 1
    same_site = {"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3}
    protocol.RpcHttpCookie.SameSite = types.SimpleNamespace(**same_site)
    return protocol


_PROTOCOL = _protocol()


class FunctionError(Exception):
    """A function raised; `kind` and `text` are how the host splits the worker's "Type: message"."""

    def __init__(self, message: str, stack: str) -> None:
        super().__init__(message)
        self.stack = stack
        kind, separator, text = message.partition(": ")
        self.kind, self.text = (kind, text) if separator else ("(unknown)", message)


@dataclass(frozen=True)
class Function:
    """An indexed function and its bindings, as they stand in the metadata that the host gets."""

    id: str
    name: str
    bindings: tuple[Mapping[str, Any], ...]

    @property
    def trigger(self) -> Mapping[str, Any]:
        """Return the trigger binding."""
        return next(b for b in self.bindings if b["type"].endswith("Trigger"))

    @property
    def type(self) -> str:
        """Return the trigger's type, such as httpTrigger."""
        return self.trigger["type"]

    @property
    def durable_name(self) -> str:
        """Return the name under which orchestrations know an activity, an orchestrator or an entity."""
        trigger = self.trigger
        return trigger.get("activity") or trigger.get("orchestration") or trigger.get("entityName") or self.name

    @property
    def is_deferred(self) -> bool:
        """Say whether the trigger hands over an SDK client instead of content."""
        return str(self.trigger.get("properties", {}).get("SupportsDeferredBinding", "")).lower() == "true"


class Worker:
    """The functions of an app directory; `client_config` is the text that a durable client binding receives."""

    def __init__(self, app_dir: Path, client_config: str) -> None:
        self.app_dir = app_dir.resolve()
        self.client_config = client_config
        self.functions: dict[str, Function] = {}
        # What surrounds each invocation; an in-process host holds its automatic clock meanwhile.
        self.around_invocation: type[AbstractContextManager[Any]] | Any = nullcontext

    async def load(self) -> None:
        """Index the app.

        Raises:
            IndexingError: Azure would not index it either, or it needs a binding that this host does not have.
        """
        if not (self.app_dir / "function_app.py").exists():
            msg = f"{self.app_dir} has no function_app.py"
            raise IndexingError(msg)
        sys.path.insert(0, str(self.app_dir))
        runtime.start_threadpool_executor()
        init = Message(capabilities={}, function_app_directory=str(self.app_dir))
        request = Message(
            request=Message(worker_init_request=init), properties={"host": "127.0.0.1", "protos": _PROTOCOL}
        )
        response = await runtime.worker_init_request(request)
        if response.result.status != _PROTOCOL.StatusResult.Success:
            raise IndexingError(f"{response.result.exception.message}\n{response.result.exception.stack_trace}")
        metadata = (await runtime.functions_metadata_request(request)).function_metadata_results or []
        for entry in metadata:
            bindings = tuple(json.loads(b) for b in entry.raw_bindings)
            self.functions[entry.name] = Function(entry.function_id, entry.name, bindings)
        self._refuse_unknown_bindings()

    def unload(self) -> None:
        """End the thread pool and take the app off the import path."""
        runtime.stop_threadpool_executor()
        if str(self.app_dir) in sys.path:
            sys.path.remove(str(self.app_dir))

    def by_type(self, trigger_type: str) -> list[Function]:
        """Return the functions with this trigger."""
        return [f for f in self.functions.values() if f.type == trigger_type]

    async def invoke(self, function: Function, data: Message, metadata: Mapping[str, Message] | None = None) -> Any:
        """Run a function on a trigger value; return its TypedData result, or None.

        Raises:
            FunctionError: the function raised, or its value could not be converted.
        """
        client = typed("string", self.client_config)
        inputs = [_PROTOCOL.ParameterBinding(name=function.trigger["name"], data=data)]
        inputs += [
            _PROTOCOL.ParameterBinding(name=b["name"], data=client)
            for b in function.bindings
            if b["type"] == "durableClient"
        ]
        invocation = Message(
            invocation_id=str(uuid.uuid4()),
            function_id=function.id,
            input_data=inputs,
            trigger_metadata=dict(metadata or {}),
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )
        with self.around_invocation():
            response = await runtime.invocation_request(
                Message(request=Message(invocation_request=invocation), properties={})
            )
        if response.result.status != _PROTOCOL.StatusResult.Success:
            error = response.result.exception
            raise FunctionError(error.message, error.stack_trace)
        return response.return_value

    def _refuse_unknown_bindings(self) -> None:
        unknown = [
            f"{function.name}: {binding['type']}"
            for function in self.functions.values()
            for binding in function.bindings
            if binding["type"] not in TRIGGERS | OTHER_BINDINGS
        ]
        if unknown:
            msg = f"the local host has no such bindings: {', '.join(unknown)}"
            raise IndexingError(msg)


def app_setting(text: str) -> str:
    """Resolve `%NAME%` in a binding's value with the application setting of that name.

    Raises:
        IndexingError: the setting is missing.
    """
    parts = text.split("%")
    for i in range(1, len(parts) - 1, 2):
        if parts[i] not in os.environ:
            msg = f"the binding value {text!r} needs the application setting {parts[i]}"
            raise IndexingError(msg)
        parts[i] = os.environ[parts[i]]
    return "".join(parts)

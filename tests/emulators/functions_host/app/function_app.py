"""A small app that exercises every trigger and every durable feature of the local host."""

# ruff: noqa: D103 - the functions of a test app are named after what they do

import json
import os
from pathlib import Path

import azure.durable_functions as df
import azure.functions as func
from azurefunctions.extensions.bindings.blob import BlobClient
from durable_part import blueprint

app = df.DFApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(blueprint)


def note(what: str, **details: object) -> None:
    """Append a line to the trace that a test reads."""
    if path := os.environ.get("APP_TRACE"):
        with Path(path).open("a") as trace:
            trace.write(json.dumps({"what": what, **details}) + "\n")


@app.route(route="jobs/{dataset}/{revision:int?}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start_job(req: func.HttpRequest, client: df.DurableFunctionsClient) -> func.HttpResponse:
    instance_id = await client.schedule_new_orchestration("chain", input={"n": 1})
    response = client.create_check_status_response(req, instance_id)
    response.headers["X-Dataset"] = f"{req.route_params['dataset']}/{req.route_params.get('revision')}"
    return response


@app.route(route="echo", auth_level=func.AuthLevel.ANONYMOUS, methods=["GET", "POST"])
def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    if req.params.get("boom"):
        raise ValueError("boom")
    return func.HttpResponse(req.get_body(), status_code=201, headers={"X-Function": context.function_name})


@app.route(route="secret", auth_level=func.AuthLevel.ADMIN, methods=["GET"])
def admin_only(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("for the administrator")


@app.route(route="files/{*path}", auth_level=func.AuthLevel.ANONYMOUS, methods=["GET"])
def files(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.route_params["path"])


@app.blob_trigger(arg_name="blob", path="datasets/{name}.jsonl", connection="DataStorage")
def on_dataset(blob: func.InputStream) -> None:
    text = blob.read().decode()
    note("dataset", name=blob.name, length=blob.length, text=text)
    if text == "poison":
        raise ValueError("cannot read this")


@app.blob_trigger(arg_name="blob", path="%INCOMING%/{name}", connection="DataStorage", source="EventGrid")
def on_incoming(blob: BlobClient) -> None:
    note("incoming", name=blob.blob_name, text=blob.download_blob().readall().decode())


@app.queue_trigger(arg_name="message", queue_name="work", connection="DataStorage")
def on_message(message: func.QueueMessage) -> None:
    text = message.get_body().decode()
    note("message", text=text, attempt=message.dequeue_count)
    if text == "poison":
        raise ValueError("cannot read this")


@app.timer_trigger(arg_name="timer", schedule="%SCHEDULE%")
def tick(timer: func.TimerRequest) -> None:
    note("tick", past_due=timer.past_due)

"""The contract, as JSON for programs and as a page for people. The page needs no script and no other host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from typing import Any

from aws_lambda_powertools.event_handler import Response

from api import contract
from api.runtime import ApiRequest, Service, json_response
from api.security import page_policy
from oms.declarations import routes

CACHED = {"Cache-Control": "public, max-age=300"}
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1b1f24;background:#fff}
h2{border-bottom:1px solid #ccc;text-transform:capitalize}
article{margin:1.5rem 0;padding:0 1rem;border-left:4px solid #0b6e4f}
pre{background:#f4f5f7;padding:.75rem;overflow:auto;font-size:.85rem}
code{font-family:ui-monospace,monospace}
table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #ddd;text-align:left;padding:.3rem;vertical-align:top}
nav a{display:inline-block;margin-right:1rem}
.who{color:#6a737d}
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#16191d}pre{background:#22262c}a{color:#7cc4ff}}
"""

service = Service()


@service.route("GET /openapi.json")
def get_openapi(_: ApiRequest) -> Response[str]:
    return json_response(200, contract.document(), CACHED)


@service.route("GET /docs")
def get_docs(_: ApiRequest) -> Response[str]:
    policy = {"Content-Security-Policy": page_policy(STYLE)}
    return Response(200, "text/html; charset=utf-8", page(), {**CACHED, **policy})


@cache
def page() -> str:
    document = contract.document()
    info = document["info"]
    tags = [(tag["name"], tag["description"]) for tag in document["tags"]]
    links = "".join(f'<a href="#{escape(name)}">{escape(name)}</a>' for name, _ in tags)
    sections = "".join(_section(document, name, description) for name, description in tags)
    schemas = "".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items())
    title, base_path = escape(info["title"]), escape(contract.base_path())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<h1>{title} {escape(info['version'])}</h1>{_prose(info['description'])}"
        f"<p>Base path: <code>{base_path}</code>. Every path on this page is relative to it.</p>"
        f'<nav>{links}<a href="#schemas">schemas</a><a href="{base_path}/openapi.json">openapi.json</a></nav>'
        f'{sections}<h2 id="schemas">Schemas</h2>{schemas}</body></html>'
    )


def _section(document: dict[str, Any], tag: str, description: str) -> str:
    articles = "".join(
        _operation(
            contract.inlined(document, operation),
            method,
            path,
            contract.inlined(document, document["paths"][path].get("parameters", [])),
        )
        for path, method, operation in routes.operations(document)
        if tag in operation["tags"]
    )
    return f'<h2 id="{escape(tag)}">{escape(tag)}</h2>{_prose(description)}{articles}'


def _operation(operation: Mapping[str, Any], method: str, path: str, shared: list[Mapping[str, Any]]) -> str:
    parameters = "".join(map(_parameter, (*shared, *operation.get("parameters", ()))))
    table = f"<table><tr><th>Parameter<th>In<th>What</tr>{parameters}</table>" if parameters else ""
    body = "".join(_examples("Request", operation["requestBody"]["content"])) if "requestBody" in operation else ""
    responses = "".join(_response(status, response) for status, response in operation["responses"].items())
    return (
        f'<article id="{escape(operation["operationId"])}"><h3><code>{method.upper()} {escape(path)}</code></h3>'
        f"<p><strong>{escape(operation['summary'])}</strong></p><p class=who>{_who(operation)}</p>"
        f"{_prose(operation.get('description', ''))}{table}{body}"
        f"<table><tr><th>Answer<th>When</tr>{responses}</table></article>"
    )


def _who(operation: Mapping[str, Any]) -> str:
    if not operation.get("security", True):
        return "Open to all."
    groups = operation.get("x-groups")
    return f"For {escape(' and '.join(groups))}." if groups else "For everyone who is signed in."


def _parameter(parameter: Mapping[str, Any]) -> str:
    name = f"<code>{escape(parameter['name'])}</code>{'' if parameter.get('required') else ' (optional)'}"
    schema = json.dumps(parameter["schema"], ensure_ascii=False)
    what = f"{escape(parameter.get('description', ''))} <code>{escape(schema)}</code>"
    return f"<tr><td>{name}<td>{parameter['in']}<td>{what}</tr>"


def _response(status: str, response: Mapping[str, Any]) -> str:
    examples = "".join(_examples("Example", response.get("content", {})))
    return f"<tr><td>{status}<td>{_prose(response['description'])}{examples}</tr>"


def _examples(title: str, content: Mapping[str, Any]) -> Iterator[str]:
    for kind, media in content.items():
        named = {name: each["value"] for name, each in media.get("examples", {}).items()}
        for name, value in {**({"": media["example"]} if "example" in media else {}), **named}.items():
            summary = escape(" ".join(filter(None, (title, name, f"({kind})"))))
            text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
            yield f"<details><summary>{summary}</summary><pre>{escape(text)}</pre></details>"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    text = escape(json.dumps(schema, indent=2, ensure_ascii=False))
    return (
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary><pre>{text}</pre></details>'
    )


def _prose(text: str) -> str:
    paragraphs = (re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(part)) for part in text.strip().split("\n\n") if part)
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)

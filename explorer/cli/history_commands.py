"""``history``: what was sent and what came back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import click

from explorer.cli.catalog_commands import session_of
from explorer.cli.output import put, put_json, table


@click.group("history", invoke_without_command=True)
@click.pass_context
def history_command(ctx: click.Context) -> None:
    """The saved history: list it, or show one entry."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(history_list)


@history_command.command("list")
@click.argument("text", required=False, default="")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The rows as data.")
@click.pass_context
def history_list(ctx: click.Context, text: str = "", limit: int = 50, as_json: bool = False) -> int:
    """List the newest entries, or those that hold TEXT."""
    session = session_of(ctx)

    async def fetch() -> list[dict[str, object]]:
        try:
            rows = await session.recent(limit, text)
        finally:
            await session.close()
        return [
            {
                "id": row.id,
                "started_at": datetime.fromtimestamp(row.started_at, UTC).isoformat(),
                "vendor": row.vendor,
                "endpoint": row.endpoint,
                "environment": row.environment,
                "method": row.method,
                "url": row.url,
                "status": row.status,
                "outcome": row.outcome,
                "size": row.size,
                "seconds": row.seconds,
                "state": row.state,
            }
            for row in rows
        ]

    rows = asyncio.run(fetch())
    if as_json:
        put_json(rows)
    elif rows:
        cells = [
            (
                str(row["id"]),
                str(row["started_at"])[:19].replace("T", " "),
                str(row["outcome"]),
                str(row["status"] or "-"),
                f"{row['vendor']}.{row['endpoint']}",
                f"{row['method']} {row['url']}",
            )
            for row in rows
        ]
        put(table(cells))
    return 0


@history_command.command("show")
@click.argument("number", type=int)
@click.option("--json", "as_json", is_flag=True, help="The exchange as data.")
@click.pass_context
def history_show(ctx: click.Context, number: int, as_json: bool) -> int:
    """Show what was sent and received under NUMBER (secrets were masked when it was kept)."""
    from explorer.cli.exchange_text import exchange_table, request_text

    session = session_of(ctx)

    async def fetch() -> None:
        try:
            exchange = await session.past(number)
        finally:
            await session.close()
        if as_json:
            put_json({**exchange_table(exchange), "started_at": exchange.started_at, "address": exchange.call.address})
            return
        put(request_text(exchange.request))
        if exchange.failure is not None:
            put(f"\n{exchange.failure.title}: {exchange.failure.message}")
        if exchange.response is not None:
            response = exchange.response
            put(f"\n{exchange.verdict.outcome}: {response.http_version} {response.status} {response.reason}")
            put("\n".join(f"{name}: {value}" for name, value in response.headers))
            put("\n" + response.body.decode("utf-8", "replace"))

    asyncio.run(fetch())
    return 0

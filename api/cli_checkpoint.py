"""`panjereh audit verify | checkpoint | key`, `panjereh reconcile`: histories and books, and what vouches for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from api.settings import Settings, database_url, write_private

KeyFile = Annotated[
    Path | None, typer.Option("--key", help="private key (PEM) to sign with: `panjereh audit key`")
]


def make_key(
    out: Annotated[Path, typer.Option(help="file for the private key (0600); not on the database's machine")],
) -> None:
    """Make a key to sign checkpoints with, and print the public half that others keep to check them."""
    from permits import witness

    settings = Settings()
    if out.exists():
        raise typer.BadParameter(f"{out} exists already", param_hint=["--out"])
    pem = witness.new_key()
    write_private(out, pem.decode())
    typer.echo(witness.verifier_of(pem, settings.origin))


def checkpoint(
    out: Annotated[Path | None, typer.Option(help="folder for the page and the heads")] = None,
    key: KeyFile = None,
) -> None:
    """Make a checkpoint over all histories: a page to print, sign and give to others."""
    from layers.database import make_engine, make_sessions
    from permits import checkpoints, witness

    settings = Settings()
    pem = key.read_bytes() if key is not None else None
    engine = make_engine(database_url(settings), pool_size=1)
    with make_sessions(engine).begin() as session:
        made = checkpoints.make(session)
    engine.dispose()
    origin = settings.origin
    page = witness.note_of(made, origin)
    if pem is not None:
        page = witness.sign(page, pem, origin)
    note, heads = checkpoints.write(made, out or settings.checkpoints_dir, page)
    typer.echo(page)
    typer.echo(f"{note}\n{heads}")


def verify(
    case_id: Annotated[str | None, typer.Option("--case", help="one case; default: all")] = None,
    page: Annotated[Path | None, typer.Option("--checkpoint", help="a page that was kept elsewhere")] = None,
    heads: Annotated[Path | None, typer.Option(help="the heads that were kept with the page")] = None,
    verifier: Annotated[
        str | None, typer.Option(help="public key (name+id+key) the page must be signed with")
    ] = None,
) -> None:
    """Verify the hash chains and the checkpoints; exit code 1 names the first bad entry of each chain."""
    from layers.database import make_engine, make_sessions
    from permits import checkpoints, dig_store, store, witness
    from permits.audit import AuditFault

    kept = page.read_text(encoding="utf-8") if page is not None else None
    if kept is not None and verifier is not None:
        witness.check_signature(kept, verifier)
    said: list[str] = []
    faults: list[AuditFault] = []
    count = made = 0
    engine = make_engine(database_url(Settings()), pool_size=1)
    with make_sessions(engine)() as session:
        if case_id is not None:
            fault = store.verify_case(session, UUID(case_id))
            count, faults = 1, [fault] if fault is not None else []
        else:
            for check in (store.verify_all, dig_store.verify_all_digs, checkpoints.verify_others):
                more, others = check(session)
                count, faults = count + more, faults + others
            made, wrong, since = checkpoints.verify_stored(session)
            said += [f"checkpoint {n}: {fault}" for n, fault in wrong]
            faults += since
        if kept is not None:
            _, given = witness.read_note(kept)
            listed = witness.heads_from(heads.read_text(encoding="utf-8")) if heads is not None else ()
            differs, since = checkpoints.verify_against(session, given, listed)
            said += [f"page of checkpoint {given.n}: {fault}" for fault in differs]
            faults += since
    engine.dispose()
    for line in [*said, *dict.fromkeys(f"{each.case_id} entry {each.n}: {each.fault}" for each in faults)]:
        typer.echo(line, err=True)
    broken = len({each.case_id for each in faults})
    typer.echo(f"{count} chains verified, {broken} broken")
    if made or said:
        typer.echo(f"{made} checkpoints verified, {len(said)} broken")
    raise typer.Exit(1 if faults or said else 0)


def reconcile(
    days: Annotated[float, typer.Option(min=0, help="orders that ended in so many days")] = 7.0,
) -> None:
    """Compare our orders with the companies' books; what differs or is unknown to us is a task, and exit code 1."""
    from api.worker import make_gateways
    from integrations.reconcile import reconcile as compare
    from layers.database import make_engine, make_sessions
    from permits import reconciling

    settings = Settings()
    engine = make_engine(database_url(settings), application_name="panjereh-reconcile", pool_size=1)
    gateways = make_gateways(settings)
    sessions = make_sessions(engine)
    try:
        with sessions.begin() as session:
            began_at = reconciling.begin(session, None)
        found = compare(sessions, gateways, days)
        with sessions.begin() as session:
            reconciling.end(session, began_at, found.counts)
    finally:
        for gateway in gateways.values():
            gateway.close()
        engine.dispose()
    for order, said in found.differences:
        told = ", ".join(f"{name} {value}" for name, value in said.items())
        typer.echo(f"{order.case_no} {order.agency_id} {order.our_ref}: {told}", err=True)
    lists = found.lists
    for stray in lists.strays:
        listed = stray.order
        said_of = f"{'/'.join(stray.key)} {listed.our_ref} {listed.order_number or '-'} {listed.status}"
        typer.echo(f"{said_of}: unexplained, {stray.reason.value}", err=True)
    for key, why in lists.broken_off:
        typer.echo(f"{'/'.join(key)}: the list was not read to its end: {why}", err=True)
    typer.echo(
        f"{found.compared} orders compared, {len(found.differences)} differ, {len(found.unanswered)} unanswered"
    )
    typer.echo(
        f"{lists.orders} orders listed, {len(lists.strays)} unexplained, {lists.closed} explained since, "
        f"{lists.others} under other references; "
        f"companies: {len(lists.not_listed)} not listed, {len(lists.broken_off)} broken off"
    )
    raise typer.Exit(0 if found.is_explained else 1)

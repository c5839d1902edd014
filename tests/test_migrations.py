"""The migrations lead up, all the way down, and up again to the same database."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from layers.database import MIGRATIONS, migrate

# Relations with columns and rights, functions with text and rights, indexes and rules, but for those of the system.
_RELATIONS = """
    SELECT n.nspname || '.' || c.relname, c.relkind::text, coalesce(c.relacl::text, ''), c.relrowsecurity,
        coalesce((SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attname) FROM pg_attribute a
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), ''),
        coalesce((SELECT string_agg(pg_get_constraintdef(k.oid), ', ' ORDER BY k.conname) FROM pg_constraint k
            WHERE k.conrelid = c.oid), ''),
        coalesce((SELECT string_agg(pg_get_triggerdef(t.oid), ', ' ORDER BY t.tgname) FROM pg_trigger t
            WHERE t.tgrelid = c.oid AND NOT t.tgisinternal), '')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_|^information_schema$' ORDER BY 1"""
_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname !~ '^pg_' ORDER BY 1"
_POLICIES = "SELECT * FROM pg_policies ORDER BY 1, 2, 3"
_FUNCTIONS = """
    SELECT n.nspname || '.' || p.proname, pg_get_functiondef(p.oid), coalesce(p.proacl::text, '')
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname !~ '^pg_|^information_schema$|^public$' ORDER BY 1, 2"""


def _made(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    kinds = {"relations": _RELATIONS, "indexes": _INDEXES, "policies": _POLICIES, "functions": _FUNCTIONS}
    with engine.connect() as connection:
        return {kind: [tuple(row) for row in connection.execute(text(said))] for kind, said in kinds.items()}


def test_up_down_and_up_again_is_the_same_database(database_url: str, engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = database_url
    first = _made(engine)
    command.downgrade(config, "base")
    with engine.connect() as connection:
        left = connection.execute(
            text("SELECT nspname FROM pg_namespace WHERE nspname IN ('layers', 'permits', 'api')")
        ).all()
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert (left, set(tables.scalars())) == ([], {"alembic_version", "spatial_ref_sys"})
    migrate(database_url)
    assert _made(engine) == first

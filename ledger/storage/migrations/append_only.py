"""Append-only tables and the posting function, as DDL for both engines. Used by the migrations and checked by the audit.

SQLite batch migrations rebuild tables and drop their triggers: a migration that touches one of these tables calls
`protect` again, and a test counts the triggers.
"""

from __future__ import annotations

from typing import Final

APPEND_ONLY: Final = ("act", "posting", "leaf", "node", "head", "book")
IMMUTABLE_RULE: Final = "rule"

SQLITE_TRIGGERS: Final[dict[str, str]] = {
    f"{table}_{verb.lower()}_refused": (
        f"CREATE TRIGGER {table}_{verb.lower()}_refused BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'append-only: {table}'); END"
    )
    for table in APPEND_ONLY
    for verb in ("UPDATE", "DELETE")
}
SQLITE_TRIGGERS["rule_update_refused"] = (
    "CREATE TRIGGER rule_update_refused BEFORE UPDATE ON rule WHEN old.published_at IS NOT NULL"
    " BEGIN SELECT RAISE(ABORT, 'published: rule'); END"
)

POST_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION "{s}".post_acts(acts text, postings text, balances text) RETURNS text
LANGUAGE plpgsql SET search_path = "{s}", pg_catalog AS $$
DECLARE b record;
BEGIN
  INSERT INTO act SELECT * FROM json_populate_recordset(NULL::act, acts::json);
  FOR b IN SELECT * FROM json_to_recordset(balances::json)
           AS x(path text, commodity text, floor bigint, delta bigint, expires_at bigint) LOOP
    IF b.delta IS NULL OR b.delta = 0 THEN
      INSERT INTO account AS a (path, commodity, floor, balance, expires_at)
        VALUES (b.path, b.commodity, b.floor, b.delta, b.expires_at) ON CONFLICT (path) DO NOTHING;
    ELSIF b.delta > 0 THEN
      INSERT INTO account AS a (path, commodity, floor, balance, expires_at)
        VALUES (b.path, b.commodity, b.floor, b.delta, b.expires_at)
        ON CONFLICT (path) DO UPDATE SET balance = a.balance + excluded.balance;
    ELSE
      UPDATE account AS a SET balance = a.balance + b.delta
        WHERE a.path = b.path AND (a.floor IS NULL OR a.balance + b.delta >= a.floor);
      IF NOT FOUND THEN
        IF b.floor IS NOT NULL THEN RETURN b.path; END IF;
        INSERT INTO account AS a (path, commodity, floor, balance, expires_at)
          VALUES (b.path, b.commodity, b.floor, b.delta, b.expires_at)
          ON CONFLICT (path) DO UPDATE SET balance = a.balance + excluded.balance WHERE a.floor IS NULL;
        IF NOT FOUND THEN RETURN b.path; END IF;
      END IF;
    END IF;
  END LOOP;
  INSERT INTO posting (act, line, account, commodity, amount)
    SELECT act, line, account, commodity, amount FROM json_to_recordset(postings::json)
    AS x(act text, line bigint, account text, commodity text, amount bigint);
  INSERT INTO unsealed (act) SELECT id FROM json_to_recordset(acts::json) AS x(id text);
  RETURN NULL;
END $$
"""

REFUSE_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION "{s}".refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = '42501'; END $$
"""


def sqlite_ddl() -> list[str]:
    return list(SQLITE_TRIGGERS.values())


def postgresql_ddl(schema: str) -> list[str]:
    """Functions, then row and truncate triggers per append-only table, then the guard on published rules."""
    ddl = [POST_FUNCTION.replace("{s}", schema), REFUSE_FUNCTION.replace("{s}", schema)]
    for table in APPEND_ONLY:
        ddl.append(
            f'CREATE TRIGGER {table}_change_refused BEFORE UPDATE OR DELETE ON "{schema}".{table}'
            f' FOR EACH ROW EXECUTE FUNCTION "{schema}".refuse_change()'
        )
        ddl.append(
            f'CREATE TRIGGER {table}_truncate_refused BEFORE TRUNCATE ON "{schema}".{table}'
            f' FOR EACH STATEMENT EXECUTE FUNCTION "{schema}".refuse_change()'
        )
    ddl.append(
        f'CREATE TRIGGER rule_update_refused BEFORE UPDATE ON "{schema}".rule FOR EACH ROW'
        f' WHEN (old.published_at IS NOT NULL) EXECUTE FUNCTION "{schema}".refuse_change()'
    )
    return ddl


def postgresql_rights(schema: str, role: str) -> list[str]:
    """The application's role: reads and appends; UPDATE and DELETE only where state lives."""
    ddl = [
        f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO "{role}"',
        f'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA "{schema}" TO "{role}"',
    ]
    ddl += [f'REVOKE UPDATE, DELETE, TRUNCATE ON "{schema}".{table} FROM "{role}"' for table in APPEND_ONLY]
    return ddl

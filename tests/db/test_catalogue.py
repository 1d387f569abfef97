"""The shape rules that the catalogue can tell (ADR-0002): every table, key, default and trigger."""

from __future__ import annotations

import pytest

from bubuh.db.pool import Conn
from bubuh.db.roles import APP, SIGNER
from bubuh.db.tables import HOT_TABLES, REFERENCE_TABLES, SHARD_ONLY

BREACHES = """
WITH tables AS (
    SELECT c.oid, c.relname::text AS name, c.relname = ANY($1::text[]) AS hot
      FROM pg_class AS c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
),
volatile AS (
    SELECT '\\m(' || string_agg(DISTINCT p.proname::text, '|') || ')\\(' AS calls
      FROM pg_proc AS p WHERE p.provolatile = 'v'
)
SELECT t.name || ': is on no list' AS breach FROM tables AS t WHERE NOT t.hot AND t.name <> ALL($2::text[])
UNION ALL
SELECT n || ': is on a list and not there' FROM unnest($1::text[] || $2::text[]) AS n
 WHERE n NOT IN (SELECT t.name FROM tables AS t)
UNION ALL
SELECT t.name || ': shard is not a plain smallint, NOT NULL' FROM tables AS t
 WHERE t.hot AND NOT EXISTS (
    SELECT FROM pg_attribute AS a
     WHERE a.attrelid = t.oid AND a.attname = 'shard' AND a.atttypid = 'smallint'::regtype AND a.attnotnull
       AND a.attgenerated = '' AND a.attidentity = '' AND NOT a.atthasdef)
UNION ALL
SELECT t.name || ': shard is not checked to be account_id % 64' FROM tables AS t
 WHERE t.hot AND t.name <> ALL($3::text[]) AND NOT EXISTS (
    SELECT FROM pg_constraint AS k
     WHERE k.conrelid = t.oid AND k.contype = 'c' AND k.convalidated
       AND pg_get_constraintdef(k.oid) LIKE 'CHECK ((shard = (account_id \\% %64%)))')
UNION ALL
SELECT t.name || ': has no primary key' FROM tables AS t
 WHERE NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = t.oid AND i.indisprimary)
UNION ALL
SELECT t.name || ': unique index ' || i.indexrelid::regclass || ' is not led by shard'
  FROM tables AS t JOIN pg_index AS i ON i.indrelid = t.oid AND i.indisunique
 WHERE t.hot AND NOT EXISTS (
    SELECT FROM pg_attribute AS a
     WHERE a.attrelid = t.oid AND a.attname = 'shard' AND a.attnum = i.indkey[0])
UNION ALL
SELECT t.name || ': foreign key ' || k.conname || ' to a hot table'
  FROM tables AS t JOIN pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f'
  JOIN tables AS target ON target.oid = k.confrelid
 WHERE target.hot
UNION ALL
SELECT t.name || '.' || a.attname || ': identity, sequence or volatile default'
  FROM tables AS t JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef AS d ON d.adrelid = t.oid AND d.adnum = a.attnum
 CROSS JOIN volatile AS v
 WHERE t.hot AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) ~ v.calls)
UNION ALL
SELECT t.name || ': trigger ' || g.tgname || ' is not its guard ' || t.name || '_ro'
  FROM tables AS t JOIN pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal
 WHERE g.tgname <> t.name || '_ro'
UNION ALL
SELECT s.relname || ': a sequence' FROM pg_class AS s
 WHERE s.relnamespace = 'public'::regnamespace AND s.relkind = 'S'
"""


async def breaches(conn: Conn) -> list[str]:
    rows = await conn.fetch(BREACHES, sorted(HOT_TABLES), sorted(REFERENCE_TABLES), sorted(SHARD_ONLY))
    return [row["breach"] for row in rows]


async def test_every_table_keeps_its_shape(owner_conn: Conn) -> None:
    assert await breaches(owner_conn) == []


@pytest.mark.parametrize(
    ("change", "breach"),
    [
        ("CREATE TABLE stray (id int PRIMARY KEY)", "stray: is on no list"),
        ("DROP TABLE log_leaves", "log_leaves: is on a list and not there"),
        ("ALTER TABLE orders ALTER shard TYPE int", "orders: shard is not a plain smallint, NOT NULL"),
        ("ALTER TABLE orders ALTER shard SET DEFAULT 1", "orders: shard is not a plain smallint, NOT NULL"),
        (
            "ALTER TABLE quota_holds DROP CONSTRAINT quota_holds_shard",
            "quota_holds: shard is not checked to be account_id % 64",
        ),
        (
            "CREATE UNIQUE INDEX stamps_global ON stamps (serial)",
            "stamps: unique index stamps_global is not led by shard",
        ),
        (
            "ALTER TABLE seals ADD CONSTRAINT far FOREIGN KEY (shard, serial) REFERENCES log_leaves",
            "seals: foreign key far to a hot table",
        ),
        (
            "ALTER TABLE orders ADD extra uuid DEFAULT gen_random_uuid()",
            "orders.extra: identity, sequence or volatile default",
        ),
        (
            "ALTER TABLE orders ADD extra bigint GENERATED ALWAYS AS IDENTITY",
            "orders.extra: identity, sequence or volatile default",
        ),
        (
            "CREATE TRIGGER clever BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse_change()",
            "orders: trigger clever is not its guard orders_ro",
        ),
    ],
)
async def test_a_table_out_of_shape_is_found(change: str, breach: str, owner_conn: Conn) -> None:
    await owner_conn.execute(change)
    assert breach in await breaches(owner_conn)


async def test_what_only_grows_cannot_be_changed_by_anyone_who_serves(owner_conn: Conn) -> None:
    grants = await owner_conn.fetch(
        """
        SELECT t.tgrelid::regclass::text AS name, role, right_
          FROM pg_trigger AS t, unnest($1::text[]) AS role,
               unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS right_
         WHERE t.tgname LIKE '%\\_ro' AND NOT t.tgisinternal
           AND (has_table_privilege(role, t.tgrelid, right_)
                OR right_ = 'UPDATE' AND has_any_column_privilege(role, t.tgrelid, right_))
        """,
        [APP, SIGNER],
    )
    assert grants == []
    guarded = await owner_conn.fetchval("SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%\\_ro'")
    assert guarded >= 5


async def test_functions_with_the_owners_rights_are_closed(owner_conn: Conn) -> None:
    open_functions = await owner_conn.fetch(
        """
        SELECT p.oid::regprocedure::text AS name FROM pg_proc AS p
         WHERE p.pronamespace = 'public'::regnamespace
           AND (p.prosecdef AND NOT coalesce(p.proconfig::text LIKE '%search_path=%', false)
                OR EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
                            WHERE a.grantee = 0))
        """
    )
    assert [row["name"] for row in open_functions] == []

-- name: present()$
-- The database's time, which all times of an outage are held to.
SELECT now();

-- name: open(outage_id, functions, began_at)!
INSERT INTO outages (id, functions, began_at)
VALUES (:outage_id, :functions::text[], :began_at);

-- name: find_word(word_id)$
-- The outage of which it was said. No row: nobody said it.
SELECT u.outage_id FROM outage_updates AS u WHERE u.word_id = :word_id;

-- name: say(outage_id, no, word_id, text_id, text_en, next_update_at, actor, written_at)!
INSERT INTO outage_updates (outage_id, no, word_id, text_id, text_en, next_update_at, actor, written_at)
VALUES (:outage_id, :no, :word_id, :text_id, :text_en, :next_update_at, :actor, :written_at);

-- name: close(outage_id, ended_at)!
UPDATE outages SET ended_at = :ended_at
 WHERE id = :outage_id AND ended_at IS NULL;

-- name: lock(outage_id)^
-- Two operators do not speak at once.
SELECT o.id
  FROM outages AS o
 WHERE o.id = :outage_id
   FOR UPDATE;

-- name: find(outage_id)
SELECT o.id, o.functions, o.began_at, o.ended_at, u.no, u.text_id, u.text_en, u.next_update_at, u.actor, u.written_at
  FROM outages AS o
  JOIN outage_updates AS u ON u.outage_id = o.id
 WHERE o.id = :outage_id
 ORDER BY u.no;

-- name: list_since(since)
-- Those that are open, and those that began since then: the newest first.
SELECT o.id, o.functions, o.began_at, o.ended_at, u.no, u.text_id, u.text_en, u.next_update_at, u.actor, u.written_at
  FROM outages AS o
  JOIN outage_updates AS u ON u.outage_id = o.id
 WHERE o.began_at >= :since OR o.ended_at IS NULL
 ORDER BY o.began_at DESC, o.id, u.no;

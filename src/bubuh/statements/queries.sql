-- name: want(kind, subject, no, facts)!
INSERT INTO statements (kind, subject, no, facts)
VALUES (:kind, :subject, :no, :facts);

-- name: want_once(kind, subject, no, facts)!
-- Nothing where somebody wanted this number meanwhile.
INSERT INTO statements (kind, subject, no, facts)
VALUES (:kind, :subject, :no, :facts)
ON CONFLICT DO NOTHING;

-- name: newest(kind, subject)^
-- Signed or not.
SELECT s.kind, s.subject, s.no, s.facts
  FROM statements AS s
 WHERE s.kind = :kind AND s.subject = :subject
 ORDER BY s.no DESC
 LIMIT 1;

-- name: list_unsigned(at_most)
-- Who waits longest comes first.
SELECT s.kind, s.subject, s.no, s.facts
  FROM statements AS s
 WHERE s.signature IS NULL AND s.refused_at IS NULL
 ORDER BY s.wanted_at
 LIMIT :at_most;

-- name: sign(kind, subject, no, key_id, signature)$
-- False where a signature stands already.
SELECT statement_sign(:kind, :subject, :no, :key_id, :signature);

-- name: refuse(kind, subject, no)$
-- False where it was signed or refused before.
SELECT statement_refuse(:kind, :subject, :no);

-- name: newest_signed(kind, subject)^
SELECT s.kind, s.subject, s.no, s.facts, s.key_id, s.signature, s.signed_at
  FROM statements AS s
 WHERE s.kind = :kind AND s.subject = :subject AND s.signature IS NOT NULL
 ORDER BY s.no DESC
 LIMIT 1;

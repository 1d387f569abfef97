-- Statements that only the tests of the loader run.

-- name: order_of_declaration(first, second)^
-- Used in the other order; strings and casts are left alone.
SELECT :second::text AS second, :first::int AS first, ':first' AS literal, '{"a": 1}'::jsonb AS document;

-- name: answer()$
SELECT 42;

-- name: numbers(upto)
SELECT n FROM generate_series(1, :upto::int) AS n ORDER BY n;

-- name: remember(value)!
INSERT INTO remembered (value) VALUES (:value);

-- name: remember_and_show(value)<!
INSERT INTO remembered (value) VALUES (:value) RETURNING value;

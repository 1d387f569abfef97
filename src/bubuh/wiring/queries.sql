-- name: freeze_fact(name, value)!
-- The first value of a name stands for ever.
INSERT INTO service_facts (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING;

-- name: list_facts()
SELECT name, value FROM service_facts;

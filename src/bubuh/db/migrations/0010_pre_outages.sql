-- Why: when the service fails, payers may lawfully use paper, and need an authoritative record of it: from when to
-- when, and what was down. An operator says so in words; what is said is signed by the signer's statement key.
-- None of these tables is hot: an outage is a few rows.
SET LOCAL lock_timeout = '4s';
SET LOCAL statement_timeout = '5s';

CREATE TABLE outages (
    id uuid PRIMARY KEY,
    functions text [] NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT outages_functions_known CHECK (
        cardinality(functions) > 0 AND functions <@ ARRAY['buy', 'pay', 'stamp', 'verify', 'queue']
    ),
    CONSTRAINT outages_end_after_beginning CHECK (ended_at > began_at)
);
CREATE INDEX outages_began ON outages (began_at);
CREATE INDEX outages_open ON outages (began_at) WHERE ended_at IS NULL;
GRANT SELECT, INSERT ON outages TO bubuh_app;
GRANT UPDATE (ended_at) ON outages TO bubuh_app;

-- What an operator said of it, in both languages, and when there will be more. The last one of an outage that is over
-- promises nothing.
CREATE TABLE outage_updates (
    outage_id uuid NOT NULL REFERENCES outages (id),
    no integer NOT NULL,
    word_id uuid NOT NULL, -- made by whoever said it: said again, it is the same word
    text_id text NOT NULL,
    text_en text NOT NULL,
    next_update_at timestamptz,
    actor text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (outage_id, no),
    CONSTRAINT outage_updates_word_once UNIQUE (word_id),
    CONSTRAINT outage_updates_numbered CHECK (no > 0),
    CONSTRAINT outage_updates_promise_ahead CHECK (next_update_at > written_at)
);
CREATE TRIGGER outage_updates_ro BEFORE UPDATE OR DELETE OR TRUNCATE ON outage_updates
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON outage_updates TO bubuh_app;

-- What the service states and the statement key signs: `facts` are the bytes (JSON), `signature` a detached CMS over
-- them. The application asks by a row; the signer reads it, refuses what it does not understand, and signs once.
CREATE TABLE statements (
    kind text NOT NULL,
    subject uuid NOT NULL,
    no integer NOT NULL,
    facts bytea NOT NULL,
    wanted_at timestamptz NOT NULL DEFAULT now(),
    key_id text,
    signature bytea,
    signed_at timestamptz,
    refused_at timestamptz, -- the signer does not understand it
    PRIMARY KEY (kind, subject, no),
    CONSTRAINT statements_kind_known CHECK (kind IN ('outage', 'turn', 'turn_sheet')),
    CONSTRAINT statements_numbered CHECK (no > 0),
    CONSTRAINT statements_small CHECK (octet_length(facts) BETWEEN 2 AND 65536),
    CONSTRAINT statements_refused_unsigned CHECK (refused_at IS NULL OR signature IS NULL),
    CONSTRAINT statements_signed_whole CHECK (
        (signature IS NULL) = (key_id IS NULL) AND (signature IS NULL) = (signed_at IS NULL)
    )
);
CREATE INDEX statements_unsigned ON statements (wanted_at) WHERE signature IS NULL AND refused_at IS NULL;
GRANT SELECT ON statements TO bubuh_app, bubuh_signer;
GRANT INSERT (kind, subject, no, facts) ON statements TO bubuh_app;

-- Keep a signature; false where one stands already, or it was refused. The signer alone may.
CREATE FUNCTION statement_sign(_kind text, _subject uuid, _no integer, _key_id text, _signature bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE statements AS s SET key_id = _key_id, signature = _signature, signed_at = now()
     WHERE s.kind = _kind AND s.subject = _subject AND s.no = _no AND s.signature IS NULL AND s.refused_at IS NULL;
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION statement_sign(text, uuid, integer, text, bytea) TO bubuh_signer;

-- Leave a statement unsigned for good, so that it holds up no other. The signer alone may.
CREATE FUNCTION statement_refuse(_kind text, _subject uuid, _no integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE statements AS s SET refused_at = now()
     WHERE s.kind = _kind AND s.subject = _subject AND s.no = _no AND s.signature IS NULL AND s.refused_at IS NULL;
    RETURN FOUND;
END
$$;
GRANT EXECUTE ON FUNCTION statement_refuse(text, uuid, integer) TO bubuh_signer;

/** What every other function and every query uses. */
export const basics = `
CREATE FUNCTION @.short_of_long(given text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN left(given, 100) || chr(1) || '#' || encode(sha256(convert_to(given, 'UTF8')), 'hex');
END $$;

-- A text that an index can hold: the text itself, or of a long one its beginning and a hash.
CREATE FUNCTION @.short(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN octet_length(given) <= 800 THEN given ELSE @.short_of_long(given) END
$$;

CREATE FUNCTION @.shorts(given text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array(SELECT @.short(each) FROM unnest(given) AS each)
$$;

-- The time of a call: the one that a test gives, or that of the server.
CREATE FUNCTION @.clock(given float8) RETURNS float8 LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(given, floor(extract(epoch FROM clock_timestamp()) * 1000)::float8)
$$;
`;

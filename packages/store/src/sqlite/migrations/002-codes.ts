/** `codes.modules` is written once for each code, however many runs have it. `runs.code_open` is a JSON list of step ids. */
export default `
CREATE TABLE codes (
  code    TEXT NOT NULL PRIMARY KEY,
  modules TEXT NOT NULL
) STRICT;
ALTER TABLE runs ADD COLUMN code_before TEXT;
ALTER TABLE runs ADD COLUMN code_open TEXT;
`;

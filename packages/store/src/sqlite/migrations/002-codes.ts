/** `codes.modules` is written once for each code, however many runs have it. */
export default `
CREATE TABLE codes (
  code    TEXT NOT NULL PRIMARY KEY,
  modules TEXT NOT NULL
) STRICT;
ALTER TABLE runs ADD COLUMN code_history TEXT;
`;

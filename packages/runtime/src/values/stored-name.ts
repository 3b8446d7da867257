/**
 * A name (of a signal, a key) as text that every store keeps as it is: well-formed Unicode. Two names never give the same text: a name with
 * half of a surrogate pair is escaped, and so is one that begins as an escaped one does.
 */
export const storedName = (name: string): string =>
  name.isWellFormed() && !name.startsWith(ESCAPED) ? name : ESCAPED + JSON.stringify(name);

const ESCAPED = "\0";

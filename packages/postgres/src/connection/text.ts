// PostgreSQL stores no NUL. It, and the three characters that stand for it here, become three characters each. No such sequence begins inside of another, so a
// text contains another exactly if what is stored for it contains what is stored for the other.
const CODES = ["\u0001\u0002\u0002", "\u0001\u0002\u0003", "\u0001\u0003\u0002", "\u0001\u0003\u0003"];
const SPECIAL = /[\u0000-\u0003]/gu;
const CODE = /\u0001[\u0002\u0003]{2}/gu;

/** The text as PostgreSQL can store it. */
export const encodeText = (text: string): string =>
  text.replace(SPECIAL, (character) => CODES[character.charCodeAt(0)] ?? character);

/** The text that was stored as this one. */
export const decodeText = (text: string): string =>
  text.includes("\u0001") ? text.replace(CODE, (code) => String.fromCharCode(CODES.indexOf(code))) : text;

/** The value as JSON, with each text in it encoded. */
export function encodeJson(value: unknown): string {
  const json = JSON.stringify(value);
  // what JSON writes for those characters
  if (!/\\u000[0-3]/u.test(json)) return json;
  return JSON.stringify(value, (_, each: unknown) => (typeof each === "string" ? encodeText(each) : each));
}

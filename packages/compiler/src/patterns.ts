/** A part of a path, or an expression that finds one. */
export type Pattern = string | RegExp;

export const patterns = (given: Pattern | readonly Pattern[] | undefined): Pattern[] => (given === undefined ? [] : [given].flat());

export const matches = (list: readonly Pattern[], path: string): boolean =>
  list.some((pattern) => (typeof pattern === "string" ? path.includes(pattern) : pattern.test(path)));

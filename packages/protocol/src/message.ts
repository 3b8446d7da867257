/** A message: what happened, in the names of the user's code, and what to do next. */
export interface Message {
  readonly text: string;
  readonly hint: string;
}

export const define = <P>(make: (params: P) => Message) => make;

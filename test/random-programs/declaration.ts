import { free, type At, type Callable } from "./context.ts";
import type { Body, Kind, Params } from "./functions.ts";

/** Something at the top of a module. */
export interface Declaration {
  readonly text: string;
  /** Names that the module can export, besides what the text exports itself. */
  readonly name: string;
  readonly callables: readonly Callable[];
}

export interface Maker {
  readonly at: At;
  readonly name: string;
  readonly sep: string;
  readonly task: boolean;
  readonly fn: (kind?: Partial<Kind>, self?: boolean) => Params & Body;
}

export const signature = (part: { readonly text: string }): string => part.text.replace("\0", ": Promise<any> ");
export const arrow = (part: { readonly text: string }): string => part.text.replace("\0", " => ");

export const one = ({ name }: Maker, text: string, body: Body): Declaration => ({
  text,
  name,
  callables: [free(name, body)],
});

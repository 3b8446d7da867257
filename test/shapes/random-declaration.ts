import type { At, Callable } from "./random-context.ts";
import type { Body, Kind, Params } from "./random-functions.ts";

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

export const traits = ({ cost, fails, logs }: Body): Pick<Body, "cost" | "fails" | "logs"> => ({ cost, fails, logs });

export const free = (name: string, body: Body): Callable => ({ name, expr: name, ...traits(body) });
export const member = (name: string, object: string, key: string, body: Body): Callable => ({
  name,
  expr: `${object}.${key}`,
  self: object,
  ...traits(body),
});

export const signature = (part: { readonly text: string }): string => part.text.replace("\0", ": Promise<any> ");
export const arrow = (part: { readonly text: string }): string => part.text.replace("\0", " => ");

export const one = ({ name }: Maker, text: string, body: Body): Declaration => ({
  text,
  name,
  callables: [free(name, body)],
});

import { EventEmitter } from "node:events";
import { statSync } from "node:fs";
import { Socket } from "node:net";
import { Readable } from "node:stream";
import { CancelledError, FatalError } from "perdure";

/** Registered as a storable class. */
export class Money {
  private readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
  plus(more: Money): Money {
    return new Money(this.cents + more.cents);
  }
}
class Euro extends Money {}
class Row {
  id = 1;
}
class Service {
  private open = true;
  close(): void {
    this.open = !this.open;
  }
}
class HttpError extends Error {
  status = 404;
  retry(): void {}
}
class Stack extends Array<string> {}
class Index extends Map<string, Date> {}
class Day extends Date {
  format(): string {
    return this.toISOString();
  }
}
class Later extends Promise<void> {}
const key = Symbol("key");
const { ok: branded } = { ok: "id" as string & { readonly __brand: "id" } };

/** A value of each kind; the type check is applied to the return types of these functions. */
export const leaves = {
  text: () => "text",
  number: () => 1.5,
  big: () => 2n,
  yes: () => true,
  nothing: () => undefined,
  nil: () => null,
  literal: () => "a" as const,
  branded: () => branded,
  date: () => new Date(1),
  url: () => new URL("https://example.com/"),
  query: () => new URLSearchParams("a=1"),
  pattern: () => /a+/g,
  match: () => /a(?<b>b)?/.exec("ab"),
  bytes: () => new Uint8Array([1]),
  clamped: () => new Uint8ClampedArray(1),
  floats: () => new Float32Array(1),
  bigs: () => new BigInt64Array(1),
  buffer: () => new ArrayBuffer(1),
  view: () => new DataView(new ArrayBuffer(2)),
  boxed: () => new String("text"),
  error: () => new Error("e", { cause: new TypeError("inner") }),
  several: () => new AggregateError([new RangeError("a")], "all"),
  fatal: () => new FatalError("f"),
  cancelled: () => new CancelledError("c"),
  errno: () => Object.assign(new Error("e"), { code: "ENOENT" }) as NodeJS.ErrnoException,
  plain: () => ({ a: 1, "b-c": [true], d: undefined }),
  record: (): Record<string, number> => ({ a: 1 }),
  bare: () => Object.create(null) as object & { readonly a?: 1 },
  getter: () => ({
    get a(): number {
      return 1;
    },
  }),
  frozen: () => Object.freeze({ a: [1] }),
  proxy: () => new Proxy({ a: 1 }, {}),
  money: () => new Money(1),
  euro: () => new Euro(1),

  node: () => Buffer.from("a"),
  httpError: () => new HttpError("e"),
  stack: () => new Stack(),
  index: () => new Index([["a", new Date(1)]]),
  day: () => new Day(1),

  row: () => new Row(),

  arrow: () => () => 1,
  constructor: () => Row,
  bound: () => Math.max,
  symbol: () => Symbol("s"),
  keyed: () => ({ [key]: 1 }),
  iterable: () => ({ *[Symbol.iterator](): Generator<number> {} }),
  method: () => ({ name: "a", run(): void {} }),
  promise: () => Promise.resolve(1),
  later: () => new Later((resolve) => resolve()),
  service: () => new Service(),
  anonymous: () =>
    new (class {
      y = 1;
      x(): number {
        return this.y;
      }
    })(),
  socket: () => new Socket(),
  emitter: () => new EventEmitter(),
  readable: () => Readable.from([]),
  stats: () => statSync("."),
  weakMap: () => new WeakMap(),
  weakSet: () => new WeakSet(),
  weakRef: () => new WeakRef({}),
  shared: () => new SharedArrayBuffer(1),
  headers: () => new Headers(),
  response: () => new Response("r"),
  request: () => new Request("https://example.com/"),
  form: () => new FormData(),
  blob: () => new Blob([]),
  stream: () => new ReadableStream(),
  abort: (): AbortSignal => new AbortController().signal,
  generator: () => (function* () {})(),
  iterator: () => new Map([[1, 2]]).values(),
  format: () => new Intl.NumberFormat(),
  encoder: () => new TextEncoder(),
};
export type Leaf = keyof typeof leaves;

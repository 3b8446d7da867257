export type Awaitable<T> = T | Promise<T>;

/** A value that the runtime has encoded. It is well-formed Unicode text, like every id and name of the contract. */
export type Encoded = string;

/** Who is to own something, and for how many milliseconds from the moment of the call, unless it is renewed. */
export interface Lease {
  readonly owner: string;
  readonly ms: number;
}

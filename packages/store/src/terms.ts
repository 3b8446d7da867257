export type Awaitable<T> = T | Promise<T>;

/** A value that the runtime has encoded. It is well-formed Unicode text, like every id and name of the contract. */
export type Encoded = string;

/** Who owns something, and until when without a renewal, in milliseconds since 1970. */
export interface Lease {
  readonly owner: string;
  readonly until: number;
}

import { PerdureError } from "@perdure/protocol";
import { guarded } from "./describe.ts";

/** The part of Standard Schema v1 (https://standardschema.dev) that Perdure uses. Zod, Valibot, ArkType and others implement it. */
export interface StandardSchema<T = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<T> | Promise<StandardResult<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
    /** Standard JSON Schema v1 (https://standardschema.dev/json-schema): what a valid input looks like, as a JSON schema. */
    readonly jsonSchema?: { readonly input: (options: { readonly target: "draft-2020-12" }) => object } | undefined;
  };
}
type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] };

/**
 * The output of the schema for `value`.
 * @throws PerdureError `SCHEMA_REFUSED` with every issue and its path; `SCHEMA_ASYNC` for a schema that validates asynchronously
 */
export function parseWith<T>(schema: StandardSchema<T>, value: unknown, what: string): T {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) throw new PerdureError("SCHEMA_ASYNC", { what });
  if (!result.issues) return result.value;
  throw new PerdureError("SCHEMA_REFUSED", {
    what,
    issues: result.issues.map(({ path, message }) => `${pathText(path)}${message}`),
  });
}

/** The JSON schema of what the schema accepts. Undefined where it has none. */
export const jsonSchemaOf = (schema: StandardSchema): object | undefined =>
  guarded(() => schema["~standard"].jsonSchema?.input({ target: "draft-2020-12" }), undefined);

function pathText(path: readonly unknown[] = []): string {
  const keys = path.map((part) => (typeof part === "object" && part !== null && "key" in part ? part.key : part));
  return keys.length === 0
    ? ""
    : `${keys.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("")}: `;
}

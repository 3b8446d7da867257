/** One field of a form. */
export interface Field {
  /** Name of the property; empty where the payload itself is the field. */
  readonly name: string;
  readonly label: string;
  /** `json`: whatever has no field of its own. */
  readonly kind: "text" | "number" | "integer" | "boolean" | "choice" | "json";
  readonly isRequired: boolean;
  readonly description: string | undefined;
  /** The values to choose from. */
  readonly choices: readonly unknown[];
  /** The initial text of the field. */
  readonly initial: string;
}

/** The texts of the fields by their names. A checkbox has `true`, `false`, or nothing where nobody has touched it. */
export type FieldTexts = ReadonlyMap<string, string>;

/** What is wrong, by the names of the fields. */
export type Problems = ReadonlyMap<string, string>;

export type Payload = { readonly payload: unknown } | { readonly problems: Problems };

/** The fields for a JSON schema. Undefined: the payload is written as JSON. */
export function fieldsOf(schema: unknown): readonly Field[] | undefined {
  if (!isObject(schema)) return undefined;
  if (!isPlainObjectSchema(schema)) {
    const field = fieldOf("", schema, true);
    return field.kind === "json" ? undefined : [field];
  }
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(schema["properties"]).map(([name, inner]) => fieldOf(name, inner, required.includes(name)));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An object with named properties only: one with conditions, or with free names, is written as JSON. */
const isPlainObjectSchema = (
  schema: Record<string, unknown>,
): schema is Record<string, unknown> & { properties: Record<string, unknown> } =>
  schema["type"] === "object" &&
  isObject(schema["properties"]) &&
  Object.keys(schema["properties"]).length > 0 &&
  !isObject(schema["additionalProperties"]) &&
  ["anyOf", "oneOf", "allOf", "if", "patternProperties", "$ref"].every((word) => !(word in schema));

function fieldOf(name: string, schema: unknown, isRequired: boolean): Field {
  const inner = isObject(schema) ? schema : {};
  const kind = kindOf(inner);
  const text = (word: string): string | undefined => (typeof inner[word] === "string" ? inner[word] : undefined);
  return {
    name,
    label: text("title") ?? (name === "" ? "Payload" : name),
    kind,
    isRequired,
    description: text("description"),
    choices: choicesOf(inner),
    initial: "default" in inner ? textOf(kind, inner["default"]) : "",
  };
}

function kindOf(schema: Record<string, unknown>): Field["kind"] {
  if (choicesOf(schema).length > 0) return "choice";
  if (["anyOf", "oneOf", "allOf", "$ref"].some((word) => word in schema)) return "json";
  switch (schema["type"]) {
    case "string":
      return "text";
    case "number":
    case "integer":
    case "boolean":
      return schema["type"];
    default:
      return "json";
  }
}

function choicesOf(schema: Record<string, unknown>): readonly unknown[] {
  if (Array.isArray(schema["enum"])) return schema["enum"];
  return "const" in schema ? [schema["const"]] : [];
}

/** A value as the text of a field. */
function textOf(kind: Field["kind"], value: unknown): string {
  return kind === "text" && typeof value === "string" ? value : JSON.stringify(value);
}

/** The payload that a form stands for. A field without a text is left out. */
export function payloadOf(fields: readonly Field[], texts: FieldTexts): Payload {
  const problems = new Map<string, string>();
  const values: [string, unknown][] = [];
  for (const field of fields) {
    const text = texts.get(field.name) ?? field.initial;
    if (text === "" && !(field.kind === "text" && field.isRequired)) {
      if (field.kind === "boolean" && field.isRequired) values.push([field.name, false]);
      else if (field.isRequired) problems.set(field.name, `${field.label} is required.`);
      continue;
    }
    const value = valueOf(field, text);
    if (value === undefined) problems.set(field.name, `${field.label} is not ${EXPECTED[field.kind]}.`);
    else values.push([field.name, value]);
  }
  if (problems.size > 0) return { problems };
  const [only] = fields;
  return { payload: only?.name === "" ? values[0]?.[1] : Object.fromEntries(values) };
}

const EXPECTED: Record<Field["kind"], string> = {
  text: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "yes or no",
  choice: "one of the values",
  json: "valid JSON",
};

/** The value of a field. Undefined: its text is no value of the field's kind. */
function valueOf({ kind, choices }: Field, text: string): unknown {
  if (kind === "text") return text;
  const value = parseJson(text.trim());
  if (kind === "number") return typeof value === "number" ? value : undefined;
  if (kind === "integer") return Number.isInteger(value) ? value : undefined;
  if (kind === "boolean") return typeof value === "boolean" ? value : undefined;
  return kind === "choice" && !choices.some((choice) => JSON.stringify(choice) === text) ? undefined : value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A payload that was written as JSON. Nothing written: undefined. */
export function payloadFromJson(text: string): Payload {
  if (text.trim() === "") return { payload: undefined };
  try {
    return { payload: JSON.parse(text) };
  } catch (error) {
    return { problems: new Map([["", `This is not JSON: ${error instanceof Error ? error.message : String(error)}`]]) };
  }
}

import { isObject, member } from "./json.ts";
import { readText } from "./read-text.ts";

/** The parts of a package.json that are used here. */
export interface PackageJson {
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** The module format of the package's `.js` files. */
  readonly type: "module" | "commonjs";
  /** Names of the dependencies and devDependencies. */
  readonly dependencies: ReadonlySet<string>;
  /** Names of the packages that it needs to run: dependencies, peerDependencies and optionalDependencies. */
  readonly requires: ReadonlySet<string>;
  /** The field `perdure`, with any content. */
  readonly perdure: unknown;
  /** The path of a command's script, relative to the package's directory. */
  command(name: string): string | undefined;
}

/** `undefined` if the file does not exist or is not valid JSON. */
export function readPackageJson(
  path: string,
  files: { readFile(path: string): string | undefined } = { readFile: readText },
): PackageJson | undefined {
  const content = parse(files.readFile(path));
  if (!isObject(content)) return undefined;
  return {
    name: textOf(member(content, "name")),
    version: textOf(member(content, "version")),
    type: member(content, "type") === "module" ? "module" : "commonjs",
    dependencies: namesIn(content, ["dependencies", "devDependencies"]),
    requires: namesIn(content, ["dependencies", "peerDependencies", "optionalDependencies"]),
    perdure: member(content, "perdure"),
    command: (name) => textOf(member(member(content, "bin"), name)),
  };
}

function namesIn(content: object, fields: readonly string[]): Set<string> {
  return new Set(
    fields.flatMap((field) => {
      const packages = member(content, field);
      return isObject(packages) ? Object.keys(packages) : [];
    }),
  );
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

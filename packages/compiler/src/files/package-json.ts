import { isObject, member } from "./json.ts";
import { readText } from "./read-text.ts";

/** What is needed of a package.json. */
export interface PackageJson {
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** What a `.js` file of the package is: an ES module, or CommonJS. */
  readonly type: "module" | "commonjs";
  /** Names of the packages that it depends on. */
  readonly dependencies: ReadonlySet<string>;
  /** The field `perdure`. */
  readonly perdure: unknown;
  /** The script of a command, from the package's directory. */
  command(name: string): string | undefined;
}

/** `undefined` where there is none, or none that is JSON. */
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
    dependencies: new Set(
      ["dependencies", "devDependencies"].flatMap((field) => {
        const packages = member(content, field);
        return isObject(packages) ? Object.keys(packages) : [];
      }),
    ),
    perdure: member(content, "perdure"),
    command: (name) => textOf(member(member(content, "bin"), name)),
  };
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

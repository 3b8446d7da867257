import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** The folders of the published packages. */
export const places = {
  perdure: "packages/runtime",
  "unplugin-perdure": "packages/compiler",
  "perdure-postgres": "packages/postgres",
  "perdure-restate": "packages/restate",
  "perdure-ai": "packages/ai",
} as const;

export type Name = keyof typeof places;

/** The names of the published packages. */
export const published = Object.keys(places) as readonly Name[];

export const temporary = (): string => mkdtempSync(join(tmpdir(), "perdure-packages-"));

export const remove = (directory: string): void => rmSync(directory, { recursive: true, force: true });

/** The tarball of a package, made as for a release, in `directory`. */
export function pack(name: Name, directory: string): { readonly file: string; readonly staged: string } {
  const staged = join(directory, name);
  execFileSync(process.execPath, [join(root, ".ci/stage.mjs"), places[name], staged], { cwd: root });
  npm(["pack", "--silent", "--pack-destination", directory, staged], directory);
  const { version }: { version: string } = JSON.parse(readFileSync(join(staged, "package.json"), "utf8"));
  return { file: join(directory, `${name}-${version}.tgz`), staged };
}

export function npm(args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync("npm", args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`npm ${args.join(" ")}\n${stdout}${stderr}`);
}

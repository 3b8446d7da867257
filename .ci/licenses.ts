import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { default as License, Dependency } from "rollup-plugin-license";

// its types have the function under `default`, where the module itself is the function
const license = createRequire(import.meta.url)("rollup-plugin-license") as typeof License.default;

const ours = readFileSync(join(import.meta.dirname, "../LICENSE"), "utf8");
const RULE = `\n${"-".repeat(80)}\n\n`;
const HEAD = "This package contains the following libraries, each under its own license.\n";

/**
 * Writes the licenses of the libraries whose code a build puts into its output. Several builds may write to one file: each adds what is not in it yet.
 * @param file - for example `dist/THIRD_PARTY_LICENSES`
 */
export const licenses = (file: string): ReturnType<typeof license> =>
  license({
    thirdParty: {
      output: (libraries) => {
        if (libraries.length === 0) return;
        const known = existsSync(file) ? readFileSync(file, "utf8").split(RULE) : [HEAD];
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, [...new Set([...known, ...libraries.map(section)])].join(RULE));
      },
    },
  });

function section(library: Dependency): string {
  const { name, version, license: identifier } = library;
  return `${name} ${version} (${identifier})\n\n${textOf(library)}\n`;
}

/** A package may come without the file. The MIT license differs only in who has the copyright, which its manifest tells. */
function textOf({ name, license: identifier, licenseText, author }: Dependency): string {
  if (licenseText) return licenseText.trim();
  if (identifier !== "MIT" || !author?.name) throw new Error(`${name} is bundled, and has no text of its license`);
  return ours.replace(/^Copyright .*$/mu, `Copyright (c) ${author.name}`).trim();
}

/** Matches the imports of these packages, and of what is below them. Nothing if there are none. */
export function importsOf(packages: readonly string[] = []): RegExp | undefined {
  const names = packages.map((name) => name.replace(/[^\w@/-]/g, "\\$&")).join("|");
  return names === "" ? undefined : new RegExp(`^(?:${names})(?:/|$)`);
}

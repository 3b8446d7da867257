/** What is needed of the package.json of the root. */
export interface PackageJson {
  readonly name: string | undefined;
  /** Names of the packages that the project depends on. */
  readonly dependencies: ReadonlySet<string>;
}

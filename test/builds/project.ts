import { generatedDirectory } from "../directories.ts";

/** An ES module project inside the repository, removed after the test. */
export const project = (files: Readonly<Record<string, string>>): string =>
  generatedDirectory("project", { "package.json": `{ "type": "module" }`, ...files });

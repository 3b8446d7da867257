import { PerdureError } from "@perdure/protocol";
import type { Executable } from "@perdure/store";
import type { Settings } from "../config/settings.ts";
import type { Renames } from "../renames/renames.ts";
import { blockKey, codeOf } from "./code.ts";
import type { WorkflowDefinition } from "./definition.ts";
import { revision, workflowsNamed } from "./registry.ts";
import { findWorkflow } from "./workflows.ts";

interface Found {
  readonly executable: Executable;
  readonly definition: WorkflowDefinition;
}

/** Says in advance which recorded runs `findWorkflow` finds a workflow for, so that a store can choose by it. */
export class Executables {
  private readonly settings: Settings;
  private known: { readonly key: string; readonly found: readonly Found[]; readonly ambiguous: readonly string[] };

  constructor(settings: Settings) {
    this.settings = settings;
    this.known = { key: "", found: [], ambiguous: [] };
  }

  /**
   * The runs of these workflows that this program can execute.
   * @param again - also those that were blocked under the code that it has
   */
  of(workflows: readonly string[], again: boolean): Executable[] {
    return this.look(workflows).found.map(({ executable, definition }) =>
      again ? executable : { ...executable, notBlockedUnder: blockKey(codeOf(definition), this.settings) },
    );
  }

  /** Recorded names of which some runs may belong to one of several workflows. */
  ambiguous(workflows: readonly string[]): readonly string[] {
    return this.look(workflows).ambiguous;
  }

  private look(workflows: readonly string[]): typeof this.known {
    const key = JSON.stringify([revision.count, workflows]);
    if (this.known.key === key) return this.known;
    const { renames } = this.settings;
    const ambiguous = new Set<string>();
    const find = (name: string, file: string): WorkflowDefinition | undefined => {
      try {
        const found = findWorkflow({ name, file }, renames);
        const isWanted = found && (workflows.includes(found.info.name) || workflows.includes(name));
        return isWanted && found.fn ? found : undefined;
      } catch (error) {
        if (!(error instanceof PerdureError)) throw error;
        ambiguous.add(name);
        return undefined;
      }
    };
    const found = renames.namesBefore(workflows).flatMap((name) => ofName(name, filesOf(name, renames), find));
    return (this.known = { key, found, ambiguous: [...ambiguous] });
  }
}

/** A file that no module has. */
const OTHER = "\0";

/** What is found for a name depends on the file only where that is one of `files`. */
function ofName(
  workflow: string,
  files: readonly string[],
  find: (name: string, file: string) => WorkflowDefinition | undefined,
): Found[] {
  const other = find(workflow, OTHER);
  const special = files.map((file) => ({ file, definition: find(workflow, file) }));
  const differs = special.filter(({ definition }) => definition !== other);
  return [
    ...(other ? [{ executable: { workflow, notFiles: differs.map(({ file }) => file) }, definition: other }] : []),
    ...differs.flatMap(({ file, definition }) => (definition ? [{ executable: { workflow, file }, definition }] : [])),
  ];
}

/** The files that `findWorkflow` compares with that of a run of this name. */
function filesOf(name: string, renames: Renames): string[] {
  const { names, files } = renames.reachableFrom(name);
  const modules = names.flatMap((each) => workflowsNamed(each)).map(({ module }) => module.file);
  return [...new Set([...files, ...modules])];
}

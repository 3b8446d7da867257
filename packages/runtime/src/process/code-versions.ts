import type { RunRow, Store } from "@perdure/store";
import { codeOf } from "../definitions/code.ts";
import type { WorkflowDefinition } from "../definitions/definition.ts";
import { earlierCodeVersions } from "../history/code-spans.ts";

/** How many code versions are kept: a manifest may be large. */
const KEPT = 32;

/** The recorded manifests of code versions. A recorded one never changes (S10), so each is read once, however many runs have it. */
export class CodeVersions {
  private readonly store: Pick<Store, "getCode">;
  private readonly known = new Map<string, Promise<string | undefined>>();

  constructor(store: Pick<Store, "getCode">) {
    this.store = store;
  }

  /** The manifests of the code versions that ran the run's older steps, by fingerprint. */
  async of(run: RunRow, definition: WorkflowDefinition): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const version of earlierCodeVersions(run, codeOf(definition).fingerprint)) {
      const modules = await this.read(version);
      if (modules !== undefined) found.set(version, modules);
    }
    return found;
  }

  private read(version: string): Promise<string | undefined> {
    const reading = this.known.get(version) ?? this.readOnce(version);
    // the one that was used last is the last to go
    this.known.delete(version);
    this.known.set(version, reading);
    const [oldest] = this.known.keys();
    if (this.known.size > KEPT && oldest !== undefined) this.known.delete(oldest);
    return reading;
  }

  private readOnce(version: string): Promise<string | undefined> {
    const reading = (async () => this.store.getCode(version))();
    reading.catch(() => this.known.get(version) === reading && this.known.delete(version));
    return reading;
  }
}

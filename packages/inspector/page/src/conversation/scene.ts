import type { RunItem } from "../../../src/api.ts";

/** What the parts of a conversation need of the page. */
export interface Scene {
  readonly run: RunItem;
  /** Shows the details of a step. */
  readonly onSelect: (step: string) => void;
}

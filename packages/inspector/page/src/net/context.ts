import { signal, type Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Overview } from "../../../src/api.ts";
import type { Intent } from "../model/permitted.ts";
import { parseRoute, type Route } from "../model/route.ts";
import { Client, sentenceOf } from "./client.ts";
import { Live } from "./live.ts";

/** What the last action answered. */
export interface Notice {
  readonly text: string;
  readonly isProblem: boolean;
  readonly fork?: string;
}

/** What all parts of the page share. */
export class Inspector {
  readonly client: Client;
  readonly live: Live;
  readonly route: Signal<Route> = signal(parseRoute(location.hash));
  readonly overview: Signal<Overview | undefined> = signal(undefined);
  readonly overviewProblem: Signal<string | undefined> = signal(undefined);
  /** Time of the server, in steps of a second. */
  readonly now: Signal<number> = signal(Date.now());
  /** The action that a dialog is open for. */
  readonly intent: Signal<Intent | undefined> = signal(undefined);
  readonly notice: Signal<Notice | undefined> = signal(undefined);
  readonly isHelpOpen: Signal<boolean> = signal(false);
  /** How far the clock of the server is ahead of the one here. */
  private ahead = 0;

  constructor(token: string | undefined) {
    this.client = new Client(token);
    this.live = new Live(this.client);
  }

  tick(): void {
    this.now.value = Date.now() + this.ahead;
  }

  async readOverview(): Promise<void> {
    try {
      const overview = await this.client.get<Overview>("overview", {});
      this.ahead = overview.now - Date.now();
      this.overview.value = overview;
      this.overviewProblem.value = undefined;
      this.tick();
    } catch (error) {
      this.overviewProblem.value = sentenceOf(error);
    }
  }

  get canAct(): boolean {
    return this.overview.value?.canAct === true;
  }
}

export const InspectorContext = createContext<Inspector | undefined>(undefined);

export function useInspector(): Inspector {
  const inspector = useContext(InspectorContext);
  if (!inspector) throw new Error("InspectorContext has no value");
  return inspector;
}

import { signal, type Signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Overview, RunList } from "../../../src/api.ts";
import type { Intent } from "../model/permitted.ts";
import { parseRoute, toRuns, type Route } from "../model/route.ts";
import { Client } from "./client.ts";
import { Live } from "./live.ts";

/** What the last action answered. */
export interface Notice {
  readonly text: string;
  readonly isProblem: boolean;
  /** Ids of runs to look at. */
  readonly fork?: string;
  readonly started?: string;
}

/** Where somebody was, so that going back leads there. */
class Places {
  /** The list of runs that was seen last with its filter, and the run whose line had the focus. */
  runs: { readonly key: string; readonly list: RunList } | undefined;
  activeRun: string | undefined;
  /** Address of that list. */
  runsAddress = toRuns();
  /** The search of runs was asked for on a page that has none. */
  wantsSearch = false;
  /** How far the page was scrolled, by address. */
  readonly scrolled = new Map<string, number>();
}

/** What all parts of the page share. */
export class Inspector {
  readonly client: Client;
  readonly live: Live;
  readonly route: Signal<Route> = signal(parseRoute(location.hash));
  readonly overview: Signal<Overview | undefined> = signal(undefined);
  /** Time of the server, in steps of a second. */
  readonly now: Signal<number> = signal(Date.now());
  /** The action that a dialog is open for. */
  readonly intent: Signal<Intent | undefined> = signal(undefined);
  readonly notice: Signal<Notice | undefined> = signal(undefined);
  readonly isHelpOpen: Signal<boolean> = signal(false);
  readonly places = new Places();
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
      this.tick();
    } catch {
      // the page that is shown says so, and it is read again when the connection is back
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

import initial from "./001-initial.ts";
import codes from "./002-codes.ts";
import stalls from "./003-stalls.ts";
import restarts from "./004-restarts.ts";
import seeAndSteer from "./005-see-and-steer.ts";
import flow from "./006-flow.ts";
import schedules from "./007-schedules.ts";
import lentSlots from "./008-lent-slots.ts";
import streams from "./009-streams.ts";

/** SQL of each version of the schema, from 1. A released one never changes; a change is a new file. */
export const migrations: readonly string[] = [
  initial,
  codes,
  stalls,
  restarts,
  seeAndSteer,
  flow,
  schedules,
  lentSlots,
  streams,
];

import type { ScheduleActionName, ScheduleItem } from "../../../src/api.ts";
import type { Explanation } from "./permitted.ts";

/** The actions that a schedule allows, the most likely first. */
export const permittedFor = ({ paused }: Pick<ScheduleItem, "paused">): ScheduleActionName[] => [
  "run",
  paused ? "resume" : "pause",
  "remove",
];

export const EXPLANATIONS: Readonly<Record<ScheduleActionName, Explanation>> = {
  run: {
    button: "Run now",
    title: "Run this schedule now?",
    effects: [
      "A run is started now, also if another one has not ended. The next tick stays as it is.",
      "A process of yours that runs worker() executes it. The inspector executes nothing itself.",
    ],
    isDangerous: false,
  },
  pause: {
    button: "Pause",
    title: "Pause this schedule?",
    effects: ["No tick starts a run until it is resumed, in no process. Runs that have begun go on."],
    isDangerous: false,
  },
  resume: {
    button: "Resume",
    title: "Resume this schedule?",
    effects: ["Its next tick starts a run again. Ticks that came while it was paused start none."],
    isDangerous: false,
  },
  remove: {
    button: "Remove",
    title: "Remove this schedule?",
    effects: [
      "It is removed from the store. Its runs stay.",
      "One that a program or a directive defines comes back when that is loaded again: pause it instead.",
    ],
    isDangerous: true,
  },
};

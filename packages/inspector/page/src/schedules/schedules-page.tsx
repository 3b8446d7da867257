import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ScheduleActionName, ScheduleItem } from "../../../src/api.ts";
import { formatCount } from "../model/format.ts";
import { toRun, toRuns, toWorkflow } from "../model/route.ts";
import { EXPLANATIONS, permittedFor } from "../model/schedule-actions.ts";
import { useInspector } from "../net/context.ts";
import { useLiveRead } from "../net/use-read.ts";
import { StatusMark } from "../parts/icons.tsx";
import { Message, Problem, Time } from "../parts/text.tsx";
import { ScheduleDialog } from "./schedule-dialog.tsx";

/** What a button asks for. */
interface Asked {
  readonly name: string;
  readonly action: ScheduleActionName;
}

export function SchedulesPage(): JSX.Element {
  const { data, problem } = useLiveRead<readonly ScheduleItem[]>("schedules", {});
  const [asked, setAsked] = useState<Asked>();
  return (
    <>
      <div class="page-head">
        <h1>Schedules</h1>
      </div>
      {problem !== undefined && <Problem text={problem} />}
      {!data && problem === undefined && <p class="muted">Reading the schedules…</p>}
      {data?.length === 0 && (
        <Message title="No schedule is recorded yet.">
          <p>
            A schedule appears here when a program calls <code>schedule()</code>, or when a worker has loaded a workflow
            with <code>"use workflow: every=1h"</code> or <code>cron</code>.
          </p>
        </Message>
      )}
      {data && data.length > 0 && <ScheduleTable schedules={data} onAsk={setAsked} />}
      {asked && <ScheduleDialog {...asked} onClose={() => setAsked(undefined)} />}
    </>
  );
}

interface AskProps {
  readonly onAsk: (asked: Asked) => void;
}

const ScheduleTable = ({
  schedules,
  onAsk,
}: AskProps & { readonly schedules: readonly ScheduleItem[] }): JSX.Element => (
  <div class="scroll" tabIndex={0} role="region" aria-label="Schedules">
    <table class="is-stacked">
      <thead>
        <tr>
          <th scope="col">Schedule</th>
          <th scope="col">When</th>
          <th scope="col">Next</th>
          <th scope="col">Last</th>
          <th scope="col">
            <span class="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {schedules.map((schedule) => (
          <ScheduleRow key={schedule.name} schedule={schedule} onAsk={onAsk} />
        ))}
      </tbody>
    </table>
  </div>
);

const ScheduleRow = ({ schedule, onAsk }: AskProps & { readonly schedule: ScheduleItem }): JSX.Element => {
  const { name, workflow, file, expression, timezone } = schedule;
  return (
    <tr>
      <th scope="row">
        <a href={toRuns({ schedule: name })} title={`The runs of ${name}`}>
          {name}
        </a>
        <a class="muted below" href={toWorkflow(workflow)} title={file}>
          {workflow}
        </a>
      </th>
      <td>
        <span class="mono">{expression}</span>
        {timezone !== undefined && <span class="muted below">{timezone}</span>}
      </td>
      <td data-label="next">
        <Next schedule={schedule} />
      </td>
      <td class={schedule.last === undefined ? "is-none" : ""} data-label="last">
        <Last schedule={schedule} />
      </td>
      <td>
        <ScheduleButtons schedule={schedule} onAsk={onAsk} />
      </td>
    </tr>
  );
};

const PROBLEMS = {
  overdue: "No worker that runs has loaded its workflow.",
  missing: "This program has not loaded its workflow.",
} as const;

/** The next tick, or why there is none, and what keeps it. */
const Next = ({ schedule: { next, paused, problem, waiting } }: { schedule: ScheduleItem }): JSX.Element => (
  <>
    {next === undefined ? <span class="muted">{paused ? "paused" : "never again"}</span> : <Time at={next} />}
    {problem && <span class="is-blocked below">{PROBLEMS[problem]}</span>}
    {waiting > 0 && (
      <span class="muted below">
        {formatCount(waiting)} {waiting === 1 ? "waits" : "wait"} for an earlier run
      </span>
    )}
  </>
);

/** The last tick, and how its run stands. */
function Last({ schedule: { last, lastRun, lastStatus } }: { schedule: ScheduleItem }): JSX.Element {
  if (last === undefined || lastRun === undefined) return <span class="muted">–</span>;
  if (!lastStatus) return <Time at={last} />;
  return (
    <>
      <Time at={last} />{" "}
      <a class="below" href={toRun(lastRun)} title={lastRun}>
        <StatusMark status={lastStatus} />
      </a>
    </>
  );
}

/** Nothing where actions are not allowed. */
function ScheduleButtons({ schedule, onAsk }: AskProps & { readonly schedule: ScheduleItem }): JSX.Element | null {
  const inspector = useInspector();
  if (!inspector.canAct) return null;
  return (
    <div class="buttons is-small">
      {permittedFor(schedule).map((action) => (
        <button
          key={action}
          type="button"
          aria-label={`${EXPLANATIONS[action].button} ${schedule.name}`}
          onClick={() => {
            inspector.notice.value = undefined;
            onAsk({ name: schedule.name, action });
          }}
        >
          {EXPLANATIONS[action].button}…
        </button>
      ))}
    </div>
  );
}

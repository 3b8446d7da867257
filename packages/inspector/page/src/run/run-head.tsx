import type { JSX } from "preact";
import type { ConversationPage, ToolCallItem } from "../../../src/api-conversation.ts";
import type { ExecutionItem, RunItem, RunPage, WaitItem } from "../../../src/api.ts";
import { ActionButton, DecisionButtons, RunActions } from "../actions/action-buttons.tsx";
import { costText, tokensText, toolCallsOf } from "../model/agent.ts";
import { formatShortTime } from "../model/format.ts";
import { toRuns, toWorkflow } from "../model/route.ts";
import { StatusMark } from "../parts/icons.tsx";
import { Facts, QueueLink, RunLink, Source, Time, Value, Wait } from "../parts/text.tsx";
import { Duration } from "../runs/run-table.tsx";

interface RunHeadProps {
  readonly page: RunPage;
  /** What its models and tools have said, where it has any. */
  readonly conversation: ConversationPage | undefined;
  readonly onSelect: (step: string) => void;
}

/** What the run is, how it stands, why, and what can be done. */
export function RunHead({ page, conversation, onSelect }: RunHeadProps): JSX.Element {
  const { run, executions } = page;
  return (
    <header class="run-head">
      <div class="page-head">
        <h1 class="mono id">{run.id}</h1>
        <StatusMark status={run.status} />
        <RunActions run={run} />
      </div>
      <Facts
        facts={[
          ["Workflow", <WorkflowLink key="" name={run.workflow} file={run.file} />],
          ["Created", <TimeWithClock key="" at={run.createdAt} />],
          ["Ended", run.endedAt === undefined ? undefined : <TimeWithClock at={run.endedAt} />],
          ["Duration", <Duration key="" run={run} />],
          ["Executions", executions.length > 1 ? livesText(page) : undefined],
          ["Tokens", conversation && tokensText(conversation.usage)],
          ["Cost", conversation && costText(conversation.usage)],
          ["Restarts", run.restarts > 0 ? run.restarts : undefined],
          ["Tags", run.tags.length > 0 ? <Tags tags={run.tags} /> : undefined],
          ["Parent", run.parent === undefined ? undefined : <RunLink id={run.parent} />],
          ["Fork of", run.forkOf === undefined ? undefined : <RunLink id={run.forkOf} />],
          ["Queue", run.queue && <QueueOfRun queue={run.queue} />],
          [
            "Schedule",
            run.schedule === undefined ? undefined : <a href={toRuns({ schedule: run.schedule })}>{run.schedule}</a>,
          ],
          ["Clean-up", run.compensated ? "has undone what the run did" : undefined],
          ["Progress", run.progress && <code class="cut">{run.progress.text}</code>],
        ]}
      />
      <Waits page={page} conversation={conversation} onSelect={onSelect} />
      <Failure page={page} onSelect={onSelect} />
      <Values page={page} />
    </header>
  );
}

const WorkflowLink = ({ name, file }: { name: string; file: string }): JSX.Element => (
  <>
    <a href={toWorkflow(name)}>{name}</a> <span class="muted mono">{file}</span>
  </>
);

const TimeWithClock = ({ at }: { at: number }): JSX.Element => (
  <>
    <Time at={at} /> <span class="muted">{formatShortTime(at)}</span>
  </>
);

const QueueOfRun = ({ queue: { name, key } }: { queue: NonNullable<RunItem["queue"]> }): JSX.Element => (
  <>
    <QueueLink name={name} /> {key !== undefined && <span class="muted mono">{key}</span>}
  </>
);

function livesText({ executions }: RunPage): string {
  const died = executions.filter(({ end }) => end === "died").length;
  return died === 0 ? String(executions.length) : `${executions.length}; in ${died} of them the process died`;
}

const Tags = ({ tags }: { tags: readonly string[] }): JSX.Element => (
  <>
    {tags.map((tag) => (
      <a key={tag} class="tag" href={toRuns({ tags: [tag] })}>
        {tag}
      </a>
    ))}
  </>
);

function Waits({ page: { run, waitingFor }, conversation, onSelect }: RunHeadProps): JSX.Element | null {
  if (waitingFor.length === 0) return null;
  const asked = conversation ? toolCallsOf(conversation).filter(({ state }) => state === "waiting") : [];
  return (
    <section class="box is-waiting">
      <h2>Waits for</h2>
      <ul class="plain">
        {waitingFor.map((wait) => {
          const tool = asked.find(({ approval }) => wait.kind === "signal" && approval?.signal === wait.name);
          return (
            <li key={wait.step} class="split">
              <WaitText wait={wait} tool={tool} onSelect={onSelect} />
              <WaitButtons wait={wait} tool={tool} run={run} />
            </li>
          );
        })}
      </ul>
    </section>
  );
}

interface WaitProps {
  readonly wait: WaitItem;
  /** The call of a tool that waits for approval with it. */
  readonly tool: ToolCallItem | undefined;
}

function WaitText({ wait, tool, onSelect }: WaitProps & Pick<RunHeadProps, "onSelect">): JSX.Element {
  const { kind, step, until, since, location } = wait;
  return (
    <span>
      {tool ? (
        <>
          approval of a call of <span class="mono">{tool.name}</span>
        </>
      ) : (
        <Wait wait={wait} />
      )}
      {until !== undefined && (
        <>
          , {kind === "signal" ? "at most until " : "due "}
          <Time at={until} />
        </>
      )}
      {since !== undefined && (
        <>
          , came <Time at={since} />
        </>
      )}{" "}
      {step !== undefined && (
        <button type="button" class="link mono" onClick={() => onSelect(step)}>
          {step}
        </button>
      )}
      {location !== undefined && <span class="muted mono"> {location}</span>}
    </span>
  );
}

function WaitButtons({
  wait: { kind, name, payloadSchema },
  tool,
  run,
}: WaitProps & { run: RunItem }): JSX.Element | null {
  if (kind !== "signal" || name === undefined) return null;
  if (tool)
    return <DecisionButtons run={run} signal={name} tool={tool.name} {...(tool.input && { input: tool.input })} />;
  return <ActionButton className="is-primary" intent={{ action: "signal", run, signal: name, payloadSchema }} />;
}

/** Why the run failed, was cancelled or is blocked, and where. */
function Failure({
  page: { run, error, failedStep },
  onSelect,
}: Omit<RunHeadProps, "conversation">): JSX.Element | null {
  if (run.blocked)
    return (
      <section class="box is-blocked">
        <h2>Blocked</h2>
        <p>{run.blocked.message}</p>
        <p class="muted mono">{run.blocked.error}</p>
      </section>
    );
  if (!error) return null;
  const source = error.source ?? failedStep?.source;
  return (
    <section class={run.status === "cancelled" ? "box" : "box is-failed"}>
      <h2>{run.status === "cancelled" ? "Cancelled" : "Failed"}</h2>
      <p class="headline">{error.headline}</p>
      {failedStep && (
        <p>
          In step{" "}
          <button type="button" class="link mono" onClick={() => onSelect(failedStep.id)}>
            {failedStep.id}
          </button>
          {failedStep.location !== undefined && (
            <>
              , called at <span class="mono">{failedStep.location}</span>
            </>
          )}
        </p>
      )}
      {source && <Source source={source} />}
      <details>
        <summary>Stack, causes and fields</summary>
        <Value value={error.detail} label="The whole error" />
      </details>
    </section>
  );
}

const ENDS: Record<ExecutionItem["end"], string> = {
  running: "is running",
  released: "left memory",
  died: "its process died",
  ended: "ended the run",
};

const Execution = ({
  execution: { number, startedAt, endedAt, end, owner },
}: {
  execution: ExecutionItem;
}): JSX.Element => (
  <>
    {number}. {formatShortTime(startedAt)}
    {endedAt !== undefined && ` to ${formatShortTime(endedAt)}`},{" "}
    <span class={end === "died" ? "is-failed" : "muted"}>{ENDS[end]}</span>{" "}
    {owner !== undefined && <span class="muted mono">{owner}</span>}
  </>
);

const Values = ({ page: { input, output, executions } }: { page: RunPage }): JSX.Element => (
  <div class="values">
    {executions.length > 1 && (
      <details>
        <summary>Executions</summary>
        <ol class="plain">
          {executions.map((execution) => (
            <li key={execution.number}>
              <Execution execution={execution} />
            </li>
          ))}
        </ol>
      </details>
    )}
    <details>
      <summary>Input</summary>
      <Value value={input} label="Input of the run" />
    </details>
    {output && (
      <details>
        <summary>Output</summary>
        <Value value={output} label="Output of the run" />
      </details>
    )}
  </div>
);

import type { ComponentChildren, JSX } from "preact";
import type { RunItem, SourceLines, ValueText, WaitItem } from "../../../src/api.ts";
import { formatRelative, formatTime } from "../model/format.ts";
import { toRun } from "../model/route.ts";
import { useInspector } from "../net/context.ts";

/** A point in time, relative to now; the exact one is its title. */
export function Time({ at }: { at: number }): JSX.Element {
  const now = useInspector().now.value;
  return (
    <time dateTime={new Date(at).toISOString()} title={formatTime(at)}>
      {formatRelative(at, now)}
    </time>
  );
}

export const RunLink = ({ id }: { id: string }): JSX.Element => (
  <a class="mono" href={toRun(id)} title={id}>
    {id}
  </a>
);

/** A value of the program as text. */
export const Value = ({ value, label }: { value: ValueText; label: string }): JSX.Element => (
  <figure class="value">
    <pre tabIndex={0} aria-label={label}>
      {value.text}
    </pre>
    {value.isCut && <figcaption>This is only the beginning of a long value.</figcaption>}
  </figure>
);

/** Lines of a source; the one in question is marked, with a caret below its column. */
export function Source({ source }: { source: SourceLines }): JSX.Element {
  return (
    <figure class="source">
      <figcaption class="mono">{source.location}</figcaption>
      <pre tabIndex={0} aria-label={`Source at ${source.location}`}>
        {source.lines.map((text, at) => (
          <Line key={at} number={source.firstLine + at} text={text} source={source} />
        ))}
      </pre>
    </figure>
  );
}

function Line({ number, text, source }: { number: number; text: string; source: SourceLines }): JSX.Element {
  const isMarked = number === source.line;
  const before = text.slice(0, source.column - 1).replace(/[^\t]/gu, " ");
  return (
    <>
      <span class={isMarked ? "line is-marked" : "line"}>
        <span class="number">{isMarked ? `> ${number}` : number}</span>
        {`${text}\n`}
      </span>
      {isMarked && (
        <span class="line is-caret" aria-hidden="true">
          <span class="number" />
          {`${before}^\n`}
        </span>
      )}
    </>
  );
}

/** What a run waits for. */
export function Wait({ wait }: { wait: WaitItem }): JSX.Element {
  const { kind, name, child, until } = wait;
  const end = until !== undefined && <Time at={until} />;
  if (kind === "child") return <>child run {child === undefined ? "" : <RunLink id={child} />}</>;
  if (kind === "retry")
    return (
      <>
        next attempt of <span class="mono">{name ?? "a task"}</span> {end}
      </>
    );
  if (kind === "sleep") return <>sleep, ends {end}</>;
  return (
    <>
      signal <span class="mono">{name}</span>
      {end !== false && <>, at most until {end}</>}
    </>
  );
}

/** Why a run stands where it stands, in one line. */
export function Remark({ run }: { run: RunItem }): JSX.Element | null {
  if (run.blocked) return <span class="is-blocked">{run.blocked.message}</span>;
  if (run.error !== undefined)
    return <span class={run.status === "cancelled" ? "muted" : "is-failed"}>{run.error}</span>;
  if (run.progress) return <span class="mono">{run.progress.text}</span>;
  if (run.wakeAt !== undefined && run.status === "waiting")
    return (
      <span class="muted">
        goes on <Time at={run.wakeAt} />
      </span>
    );
  return null;
}

/** A title with what is known, what went wrong, or that nothing is there yet. */
export const Message = ({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element => (
  <div class="message">
    <p class="title">{title}</p>
    {children}
  </div>
);

export const Problem = ({ text }: { text: string }): JSX.Element => (
  <p class="problem" role="alert">
    {text}
  </p>
);

/** Names and values, in two columns. */
export function Facts({ facts }: { facts: readonly (readonly [string, ComponentChildren])[] }): JSX.Element {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

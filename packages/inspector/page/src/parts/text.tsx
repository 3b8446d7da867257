import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { RunItem, SourceLines, ValueText, WaitItem } from "../../../src/api.ts";
import { formatRelative, formatTime } from "../model/format.ts";
import { toQueue, toRun } from "../model/route.ts";
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

export const QueueLink = ({ name }: { name: string }): JSX.Element => (
  <a class="mono" href={toQueue(name)}>
    {name}
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
  const lines = useRef<HTMLPreElement>(null);
  useLayoutEffect(() => {
    if (lines.current) showCaret(lines.current);
  }, [source.location]);
  return (
    <figure class="source">
      <figcaption class="mono">{source.location}</figcaption>
      <pre tabIndex={0} aria-label={`Source at ${source.location}`} ref={lines}>
        {source.lines.map((text, at) => (
          <Line key={at} number={source.firstLine + at} text={text} source={source} />
        ))}
      </pre>
    </figure>
  );
}

/** A column far to the right is seen at once, where there is little room. */
function showCaret(lines: HTMLElement): void {
  const caret = lines.querySelector("[data-caret]");
  if (!caret) return;
  const { left } = lines.getBoundingClientRect();
  const beyond = caret.getBoundingClientRect().right - left - lines.clientWidth;
  if (beyond > 0) lines.scrollLeft += beyond + lines.clientWidth / 5;
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
          {before}
          <span data-caret>^</span>
          {"\n"}
        </span>
      )}
    </>
  );
}

/** What a run waits for, without the time when that ends. */
export function Wait({ wait: { kind, name, child, queue = "", key } }: { wait: WaitItem }): JSX.Element {
  if (kind === "sleep") return <>sleep</>;
  if (kind === "queue")
    return (
      <>
        {name === undefined ? "its turn" : "the turn of "}
        {name !== undefined && <span class="mono">{name}</span>} in line of <QueueLink name={queue} />
        {key !== undefined && (
          <>
            {" "}
            (key <span class="mono">{key}</span>)
          </>
        )}
      </>
    );
  if (kind === "child") return <>child run {child !== undefined && <RunLink id={child} />}</>;
  return (
    <>
      {kind === "retry" ? "next attempt of " : "signal "}
      <span class="mono">{name ?? "a task"}</span>
    </>
  );
}

/** Why a run stands where it stands, in one line. */
export function Remark({ run }: { run: RunItem }): JSX.Element | null {
  if (run.blocked) return <span class="is-blocked">{run.blocked.message}</span>;
  if (run.error !== undefined)
    return <span class={run.status === "cancelled" ? "muted" : "is-failed"}>{run.error}</span>;
  if (run.inLine && run.queue)
    return (
      <span class="muted">
        in line of <QueueLink name={run.queue.name} />
      </span>
    );
  if (run.progress) return <span class="mono">{run.progress.text}</span>;
  if (run.wakeAt !== undefined && run.status === "waiting")
    return (
      <span class="muted">
        continues <Time at={run.wakeAt} />
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

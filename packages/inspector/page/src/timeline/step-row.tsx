import { Fragment, type JSX } from "preact";
import type { StepItem } from "../../../src/api.ts";
import { positionOf, type Range } from "../model/axis.ts";
import { segmentsOf, type Segment } from "../model/bars.ts";
import { countOf, formatDuration } from "../model/format.ts";
import type { TreeRow } from "../model/rows.ts";
import { stepStatus, type TreeNode } from "../model/tree.ts";
import { Icon } from "../parts/icons.tsx";

interface StepRowProps {
  readonly row: TreeRow;
  readonly index: number;
  /** In pixels, below the begin of the rows. */
  readonly top: number;
  readonly range: Range;
  readonly now: number;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  readonly onFold: () => void;
  readonly onOpen: () => void;
}

/** One line of the timeline: a step, or a scope with what is in it. */
export function StepRow(props: StepRowProps): JSX.Element {
  const { row, index, top, range, now, isActive, isSelected, onFold, onOpen } = props;
  const { node, level, place, siblings, isExpanded } = row;
  const end = node.open > 0 ? now : node.to;
  return (
    <div
      class={`row${isSelected ? " is-selected" : ""}`}
      role="row"
      tabIndex={isActive ? 0 : -1}
      aria-rowindex={index + 2}
      aria-level={level}
      aria-posinset={place}
      aria-setsize={siblings}
      aria-selected={isSelected}
      {...(isExpanded !== undefined && { "aria-expanded": isExpanded })}
      style={{ transform: `translateY(${top}px)` }}
      onClick={onOpen}
    >
      <div role="gridcell" class="name" style={{ paddingLeft: `${(level - 1) * 14}px` }}>
        <span
          class={`fold${isExpanded === undefined ? "" : isExpanded ? " is-open" : " is-closed"}`}
          onClick={(event) => {
            if (isExpanded === undefined) return;
            event.stopPropagation();
            onFold();
          }}
        >
          {isExpanded !== undefined && <Icon name="fold" />}
        </span>
        <Name row={row} />
      </div>
      <div role="gridcell" class="took">
        {formatDuration(tookOf(node, now))}
      </div>
      <div role="gridcell" class="bars">
        {node.step ? (
          <Bars segments={segmentsOf(node.step, now)} range={range} />
        ) : (
          <Bar part={{ from: node.from, to: end }} range={range} className={`is-scope${moodOf(node)}`} />
        )}
      </div>
    </div>
  );
}

/** Of a step its own time: what was called in it may be of an earlier run, which this one was forked from. */
const tookOf = ({ step, open, from, to }: TreeNode, now: number): number =>
  step ? (step.finishedAt ?? now) - step.startedAt : (open > 0 ? now : to) - from;

const moodOf = ({ failed, open }: TreeNode): string => (failed > 0 ? " has-failed" : open > 0 ? " has-open" : "");

function Name({ row: { node, texts, isExpanded } }: { row: TreeRow }): JSX.Element {
  const { step } = node;
  return (
    <span class={`label ${step ? `is-${stepStatus(step)}` : "is-scope"}`} title={node.key}>
      <Icon name={step ? iconOf(step) : "scope"} />
      <span class="mono cut">
        {texts.map((text, at) => (
          <Fragment key={at}>
            {at > 0 && <span class="muted">/</span>}
            <SegmentText text={text} isLast={at === texts.length - 1} />
          </Fragment>
        ))}
      </span>
      {step && <span class="sr-only">{wordsOf(step)}</span>}
      {!step && node.failed > 0 && <span class="note is-failed">{node.failed} failed</span>}
      {isExpanded === false && <span class="note muted">{countOf(node.steps, "step")}</span>}
      {step && step.attempts > 1 && <span class="note muted">{step.attempts} attempts</span>}
    </span>
  );
}

/** A segment of an id; its number is less important than its name. */
function SegmentText({ text, isLast }: { text: string; isLast: boolean }): JSX.Element {
  const [, name = text, number = ""] = /^\/?(.*?)(\[\d+\])?$/su.exec(text) ?? [];
  return (
    <>
      <span class={isLast ? "" : "muted"}>{name}</span>
      <span class="muted">{number}</span>
    </>
  );
}

/** The state as a picture; of waits and children, their kind. */
const iconOf = (step: StepItem): Parameters<typeof Icon>[0]["name"] => {
  if (step.state === "failed") return "failed";
  return step.kind === "task" ? stepStatus(step) : step.kind;
};

const wordsOf = ({ kind, state, error, failedAttempts }: StepItem): string =>
  `, ${kind}, ${state}${error === undefined ? "" : `: ${error}`}${failedAttempts.length > 0 ? `, ${countOf(failedAttempts.length, "failed attempt")}` : ""}`;

const Bars = ({ segments, range }: { segments: readonly Segment[]; range: Range }): JSX.Element => (
  <>
    {segments.map((segment) => (
      <Bar
        key={segment.from}
        part={segment}
        range={range}
        title={segment.title}
        className={`is-${segment.kind}${segment.isOpen ? " is-open" : ""}`}
      />
    ))}
  </>
);

interface BarProps {
  readonly part: Range;
  readonly range: Range;
  readonly className: string;
  readonly title?: string;
}

/** A part of time. One that is not seen is an arrow at the side where it is. */
function Bar({ part, range, className, title = "" }: BarProps): JSX.Element {
  const [from, to] = [positionOf(range, part.from), positionOf(range, part.to)];
  if (to < 0 || from > 100)
    return <span class={`beyond ${to < 0 ? "is-before" : "is-after"}`}>{to < 0 ? "◂" : "▸"}</span>;
  const left = Math.max(from, 0);
  return (
    <span
      class={`bar ${className}`}
      title={`${title}${title && ", "}${formatDuration(part.to - part.from)}`}
      style={{ left: `${left}%`, width: `${Math.min(to, 100) - left}%` }}
    />
  );
}

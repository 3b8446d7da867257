import type { HTMLAttributes, JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { positionOf, ticksOf, timeAt, type Range } from "../model/axis.ts";
import { formatTime } from "../model/format.ts";
import type { Life } from "../model/lives.ts";

interface AxisProps {
  readonly range: Range;
  /** Begin of the run. */
  readonly origin: number;
  readonly lives: readonly Life[];
  /** About how many marks there is room for. */
  readonly count: number;
}

/** The head of the timeline. To see a part of the time larger, one draws over it. */
export function Axis({
  range,
  origin,
  lives,
  count,
  onZoom,
}: AxisProps & { readonly onZoom: (range: Range) => void }): JSX.Element {
  const zoom = useDrag(range, onZoom);
  return (
    <div class="head" role="rowgroup">
      <div class={lives.length > 0 ? "row axis has-lives" : "row axis"} role="row" aria-rowindex={1}>
        <div role="columnheader" class="name">
          Step
        </div>
        <div role="columnheader" class="took">
          Duration
        </div>
        <div
          role="columnheader"
          class="bars"
          aria-label="Time"
          title="Draw over the axis to zoom in"
          {...zoom.handlers}
        >
          {ticksOf(range, origin, count)
            // the label of a mark at the very end would be cut
            .filter(({ at }) => positionOf(range, at) < 95)
            .map(({ at, label }) => (
              <span key={at} class="tick" title={formatTime(at)} style={{ left: `${positionOf(range, at)}%` }}>
                {label}
              </span>
            ))}
          {lives.map((life) => (
            <LifeLabel key={life.number} life={life} range={range} />
          ))}
          {zoom.selection && <span class="selection" style={placeOf(range, zoom.selection)} />}
        </div>
      </div>
    </div>
  );
}

const ENDS: Record<Life["end"], string> = {
  running: "running",
  released: "released",
  died: "process died",
  ended: "ended",
};

function LifeLabel({ life, range }: { life: Life; range: Range }): JSX.Element {
  const { number, from, to, end, isGuessed, owner } = life;
  const times = `${formatTime(from)} to ${isGuessed ? "about " : ""}${formatTime(to)}`;
  return (
    <span
      class={`life is-${end}`}
      style={placeOf(range, life)}
      title={`Life ${number}: ${times}, ${ENDS[end]}${owner === undefined ? "" : `, process ${owner}`}`}
    >
      life {number}
      {end === "died" && " · process died"}
    </span>
  );
}

/** The lives of the run and the marks of the axis, behind the bars. */
export function Backdrop({ range, origin, lives, count }: AxisProps): JSX.Element {
  return (
    <div class="backdrop" aria-hidden="true">
      {lives.map((life) => (
        <span key={life.number} class={`band is-${life.end}`} style={placeOf(range, life)} />
      ))}
      {ticksOf(range, origin, count).map(({ at }) => (
        <span key={at} class="mark" style={{ left: `${positionOf(range, at)}%` }} />
      ))}
    </div>
  );
}

/** The part of the width that a part of time takes; nothing of what is not seen. */
function placeOf(range: Range, part: Range): { left: string; width: string } {
  const clamp = (position: number): number => Math.min(Math.max(position, 0), 100);
  const [left, right] = [clamp(positionOf(range, part.from)), clamp(positionOf(range, part.to))];
  return { left: `${left}%`, width: `${right - left}%` };
}

interface Drag {
  readonly selection: Range | undefined;
  readonly handlers: Pick<
    HTMLAttributes<HTMLDivElement>,
    "onPointerDown" | "onPointerMove" | "onPointerUp" | "onPointerCancel"
  >;
}

/** Lets a part of the axis be drawn over. */
function useDrag(range: Range, onEnd: (range: Range) => void): Drag {
  const start = useRef<number>(undefined);
  const [selection, setSelection] = useState<Range>();
  const timeOf = (event: { readonly clientX: number; readonly currentTarget: Element }): number => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return timeAt(range, Math.min(Math.max((event.clientX - left) / width, 0), 1));
  };
  const end = (): void => {
    start.current = undefined;
    setSelection(undefined);
  };
  return {
    selection,
    handlers: {
      onPointerDown: (event) => {
        if (event.pointerType === "touch" || event.button !== 0) return;
        start.current = timeOf(event);
        event.currentTarget.setPointerCapture(event.pointerId);
      },
      onPointerMove: (event) => {
        if (start.current === undefined) return;
        const time = timeOf(event);
        setSelection({ from: Math.min(start.current, time), to: Math.max(start.current, time) });
      },
      onPointerUp: () => {
        if (selection && positionOf(range, selection.to) - positionOf(range, selection.from) > 1) onEnd(selection);
        end();
      },
      onPointerCancel: end,
    },
  };
}

import type { JSX } from "preact";
import { toRun } from "../model/route.ts";
import { useInspector } from "../net/context.ts";
import { Icon } from "../parts/icons.tsx";

/** What the last action answered. The region is always there, so that it is read aloud when something comes into it. */
export function NoticeBar(): JSX.Element {
  const { notice } = useInspector();
  const { value } = notice;
  return (
    <div class="notices" role="status" aria-live="polite">
      {value && (
        <div class={value.isProblem ? "notice is-problem" : "notice"}>
          <p>
            {value.text} {value.fork !== undefined && <a href={toRun(value.fork)}>Open the fork</a>}
            {value.started !== undefined && <a href={toRun(value.started)}>Open the run</a>}
          </p>
          <button
            type="button"
            class="is-plain"
            aria-label="Dismiss"
            onClick={() => {
              notice.value = undefined;
            }}
          >
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  );
}

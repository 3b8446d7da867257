import { taskOptions, type TaskOptions } from "perdure";
import { ABI_VERSION, module } from "perdure/internal";

/** Executes `body` as a step of the run: once recorded it is not called again. Outside of runs it only calls `body`. */
export type Step = <A extends unknown[], R>(args: A, body: (...args: A) => Promise<R>) => Promise<R>;

/** Options of the steps of a model or a tool: those of a task that do not concern its arguments and result. */
export type StepOptions = Pick<
  TaskOptions<unknown[]>,
  "retries" | "backoff" | "timeout" | "retryIf" | "queue" | "priority"
>;

type Handle = ReturnType<typeof module>;

/** The registered modules, one a name: a second registration would replace the first one. */
const handles = new Map<string, Handle>();

/**
 * A kind of step with a name that is known only when the program runs. The operations are those of compiled code, for a module with one task; as in compiled
 * code, the options belong to this function object.
 */
export function stepNamed(name: string, options: StepOptions): Step {
  const handle = handleOf(name);
  return handle.own((own) => {
    taskOptions(
      handle.define(async () => undefined, 0, 0, name, own),
      options,
    );
    return ((args, body) => handle.task(0, args, body, own)) satisfies Step;
  });
}

function handleOf(name: string): Handle {
  const known = handles.get(name);
  if (known) return known;
  const handle = module(ABI_VERSION, {
    file: name,
    package: "perdure-ai",
    hash: "",
    imports: [],
    functions: [{ kind: "task", name, at: [1, 1] }],
    loops: [],
    sites: [],
  });
  handles.set(name, handle);
  return handle;
}

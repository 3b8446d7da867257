import type { JSX } from "preact";
import { useInspector } from "../net/context.ts";
import { Dialog } from "../parts/dialog.tsx";

const KEYS: readonly (readonly [readonly string[], string])[] = [
  [["/"], "search runs by id"],
  [["j", "k"], "next and previous line of a list"],
  [["↓", "↑"], "the same, once a line has the focus"],
  [["Enter"], "open the run, or the details of the step"],
  [["→", "←"], "open and close a scope in the tree of steps"],
  [["Escape"], "close the details; back to the list"],
  [["?"], "this help"],
];

export function HelpDialog(): JSX.Element {
  const { isHelpOpen } = useInspector();
  const close = (): void => {
    isHelpOpen.value = false;
  };
  return (
    <Dialog title="Keys" onClose={close}>
      <table class="keys">
        <thead class="sr-only">
          <tr>
            <th scope="col">Key</th>
            <th scope="col">What it does</th>
          </tr>
        </thead>
        <tbody>
          {KEYS.map(([keys, does]) => (
            <tr key={does}>
              <td>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="muted">To see a part of a timeline larger, draw over its axis.</p>
      <div class="buttons">
        <button type="button" class="is-primary" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

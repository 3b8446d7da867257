/** @jsxRuntime classic */
/** @jsx element */
import type { Run } from "perdure";

declare global {
  namespace JSX {
    interface IntrinsicElements {
      p: object;
    }
  }
}

export const element = (tag: string, _attributes: object | null, ...children: readonly string[]): string =>
  `<${tag}>${children.join("")}</${tag}>`;

export const page = async (run: Run): Promise<string> => String(<p>{String(await run.result())}</p>);

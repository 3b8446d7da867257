/**
 * What a step costs on Restate: memory, and time beside Restate's own `ctx.run` in the same process. `PERDURE_RESTATE=long` prints the ratios
 * of packages/restate/README.md.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../servers.ts";
import { Cluster } from "./cluster.ts";
import { restateBinary } from "./server.ts";

const isLong = process.env["PERDURE_RESTATE"] === "long";

describe.skipIf(restateBinary() === undefined)(
  "the costs of a step on Restate (skipped where npm has no server for the platform)",
  () => {
    let cluster: Cluster;
    let runs = 0;

    beforeAll(async () => {
      cluster = await Cluster.start();
      const file = "test/restate/speed.ts";
      const text = readFileSync(join(import.meta.dirname, "speed.ts"), "utf8");
      const plain = await freePort();
      const bundle = join(await cluster.build("speed", { [file]: text }, [file]), "speed.mjs");
      await cluster.serve(bundle, "speed", undefined, { PLAIN_PORT: String(plain) });
      await post(`${cluster.server.admin}/deployments`, { uri: `http://127.0.0.1:${plain}` });
    });
    afterAll(() => cluster.remove());

    async function post(url: string, body: unknown): Promise<string> {
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
      const text = await response.text();
      if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
      return text;
    }

    const call = (service: string, args: unknown[]): Promise<string> =>
      post(`${cluster.server.url}/${service}/${++runs}/run`, args);

    /** KiB of the heap that a run takes. */
    async function growth(workflow: string, count: number): Promise<number> {
      const { output } = JSON.parse(await call(workflow, [count])) as { readonly output: string };
      return Number(output.replace(/^.*=/, ""));
    }

    test("the memory of a run grows by little with each step, and not by the square of its branches", async () => {
      await growth("sequence", 100); // what is loaded once
      await growth("branches", 64);
      const [sequence, branches] = [await growth("sequence", 1_000), await growth("branches", 512)];
      // 1.4 MB and 3 MB: 5 and 12 if races keep values, and are over all branches
      expect(sequence).toBeLessThan(3_000);
      expect(branches).toBeLessThan(7_000);
      if (isLong) console.log(`KiB of 1,000 steps: ${sequence}, of 512 branches: ${branches}`);
    });

    test.skipIf(!isLong)(
      "ratios to ctx.run (measured in the long form only: a busy machine tells nothing)",
      { timeout: 600_000 },
      async () => {
        const time = async (service: string, args: unknown[]): Promise<number> => {
          const begun = performance.now();
          await call(service, args);
          return performance.now() - begun;
        };
        for (const [kind, count] of [
          ["sequence", 1_000],
          ["branches", 64],
          ["branches", 256],
          ["branches", 1_024],
        ] as const) {
          const ratios: number[] = [];
          for (let round = 0; round < 7; round++) {
            const plain = await time("plain", [kind, count]);
            ratios.push((await time(kind, [count])) / plain);
          }
          const median = ratios.toSorted((a, b) => a - b)[3] ?? 0;
          console.log(`${count} steps, ${kind}: ${median.toFixed(2)} × ctx.run`);
          expect(median).toBeLessThan(10);
        }
      },
    );
  },
);

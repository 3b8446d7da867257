import { tsImport } from "tsx/esm/api";
import { versionOf } from "./raw.mjs";

/**
 * Does the work while a PostgreSQL server runs whose commits reach the disk: that of `BENCH_POSTGRES`, or a new one, which is removed afterwards.
 * @param work - gets the version of the server
 */
export async function withServer(work) {
  if (process.env.BENCH_POSTGRES) return work(await versionOf(process.env.BENCH_POSTGRES));
  const { startPostgres } = await tsImport("../../test/postgres/server.ts", import.meta.url);
  const server = await startPostgres({ durable: true });
  process.env.BENCH_POSTGRES = server.url;
  try {
    return await work(await versionOf(server.url));
  } finally {
    await server.remove();
  }
}

import { commandOf, containerTitle } from "./container.ts";

/** A project of this folder, and what is different about it. */
export interface Row {
  /** The folder. */
  readonly name: string;
  readonly title: string;
  /** The page in docs/frameworks that shows it, without the extension. Default: its name. */
  readonly page?: string;
  /** The package whose version the table shows. Default: the Node that runs the project. */
  readonly package?: string;
  /** Where the project has its workflow. */
  readonly workflow: string;
  /** A project whose files this one has as well. */
  readonly extends?: string;
  /** What is added to the script "dev" so that it serves at a port. Default: nothing, it reads $PORT. */
  readonly devPort?: (port: number) => string;
  /** Whether the ordinary test run plays it. */
  readonly light?: true;
  /** Whether /receipts/… is a page whose workflow stands in a file that browsers get a part of. */
  readonly hasReceipts?: true;
  /** A script ends when its runs have ended, and serves nothing. */
  readonly isScript?: true;
  /** The command that starts it, if it is not the script "start". */
  readonly start?: () => readonly string[];
}

const viteDev = (port: number): string => `--port ${port} --strictPort`;

export const rows: readonly Row[] = [
  { name: "hono", title: "Hono", package: "hono", workflow: "src/order.ts", light: true },
  { name: "fastify", title: "Fastify, tsx", package: "fastify", workflow: "src/order.ts", light: true },
  { name: "express", page: "fastify", title: "Express, tsx", package: "express", workflow: "src/order.ts" },
  { name: "cron", title: "cron script", workflow: "order.ts", isScript: true, light: true },
  {
    name: "docker",
    title: containerTitle,
    workflow: "src/order.ts",
    light: true,
    start: () => commandOf("docker/Dockerfile"),
  },
  {
    name: "electron",
    title: "Electron main, stand-in",
    package: "electron",
    workflow: "src/order.ts",
    start: () => ["node", "--enable-source-maps", "--import", "./stand-in/register.mjs", "dist/main.js"],
  },
  {
    name: "sveltekit",
    title: "SvelteKit, adapter-node",
    package: "@sveltejs/kit",
    workflow: "src/lib/server/order.ts",
    devPort: viteDev,
  },
  {
    name: "astro",
    title: "Astro, node adapter",
    package: "astro",
    workflow: "src/workflows/order.ts",
    devPort: (port) => `--port ${port}`,
  },
  {
    name: "react-router",
    title: "React Router, serve",
    package: "react-router",
    workflow: "app/order.server.ts",
    devPort: viteDev,
    hasReceipts: true,
    light: true,
  },
  {
    name: "tanstack-start",
    title: "TanStack Start, srvx",
    package: "@tanstack/react-start",
    workflow: "src/server/order.ts",
    devPort: viteDev,
    hasReceipts: true,
  },
  { name: "nuxt", title: "Nuxt, Nitro 2", package: "nuxt", workflow: "server/workflows/order.ts" },
  { name: "nitro-2", page: "nitro", title: "Nitro 2", package: "nitropack", workflow: "workflows/order.ts" },
  { name: "nitro", title: "Nitro 3", package: "nitro", workflow: "workflows/order.ts" },
  { name: "next", title: "Next, webpack", package: "next", workflow: "lib/order.ts", hasReceipts: true },
  {
    name: "next-turbopack",
    page: "next",
    title: "Next, Turbopack",
    package: "next",
    extends: "next",
    workflow: "lib/order.ts",
    hasReceipts: true,
  },
];

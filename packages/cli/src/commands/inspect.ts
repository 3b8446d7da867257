import { Option } from "commander";
import type { Add, CommonOptions } from "../command.ts";
import { EXIT, Failure } from "../session/failure.ts";
import { withStore } from "../session/session.ts";
import { repeated, wholeNumber } from "./options.ts";

interface InspectOptions extends CommonOptions {
  readonly port?: number;
  readonly host: string;
  readonly allowHost?: readonly string[];
  readonly root: string;
  readonly maps?: readonly string[];
}

export function addInspect(add: Add): void {
  add<InspectOptions>(
    "inspect",
    "serve a page that shows and steers the runs, until SIGINT or SIGTERM",
    [
      wholeNumber("--port <port>", "the port (default: a free one)"),
      new Option(
        "--host <address>",
        "the address to listen at; 0.0.0.0 lets other machines reach it, without encryption",
      ).default("127.0.0.1", "127.0.0.1, this machine alone"),
      repeated("--allow-host <name>", "another name that the page is opened under"),
      new Option("--root <directory>", "the project's root, for lines of its sources").default(
        ".",
        "the current directory",
      ),
      repeated("--maps <directory>", "source maps of the build, for lines of sources that are not below the root"),
    ],
    async (_, { port, host, allowHost, root, maps, ...options }, terminal) => {
      const { serveInspector } = await import("@perdure/inspector");
      return withStore(options, async () => {
        const places = { root, ...(maps && { maps }), ...(allowHost && { hosts: allowHost }) };
        const server = await serveInspector({ host, ...places, ...(port !== undefined && { port }) }).catch(
          (error: unknown) => Promise.reject(cannotListen(error, host, port)),
        );
        if (terminal.isJson) terminal.print(JSON.stringify({ url: server.url }));
        else
          terminal.print(`The inspector is at ${server.url}\nWhoever has this address can see and change every run.`);
        await interrupted();
        await server.close();
        return EXIT.done;
      });
    },
  );
}

function cannotListen(error: unknown, host: string, port = 0): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE")
    return new Failure(EXIT.no, "PORT_IN_USE", `port ${port} of ${host} is in use\n  → name another --port, or none`);
  if (code === "EACCES") return new Failure(EXIT.no, "PORT_REFUSED", `port ${port} of ${host} may not be used`);
  return code === "EADDRNOTAVAIL" || code === "ENOTFOUND"
    ? new Failure(EXIT.usage, "HOST_INVALID", `${host} is no address of this machine\n  → --host 127.0.0.1, or 0.0.0.0`)
    : error;
}

const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });

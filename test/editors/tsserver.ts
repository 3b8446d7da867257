import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { join } from "node:path";

interface Answer {
  readonly type: string;
  readonly request_seq?: number;
  readonly success?: boolean;
  readonly body?: unknown;
  readonly message?: string;
}

/** The real `tsserver` of a TypeScript version, spoken to over its standard streams as an editor does. */
export class Tsserver {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private received: Buffer = Buffer.alloc(0);
  private seq = 0;
  private errors = "";

  /** @param typescript - the directory of the package */
  constructor(typescript: string, cwd: string, args: readonly string[] = []) {
    const script = join(typescript, "lib/tsserver.js");
    this.child = spawn(process.execPath, [script, "--disableAutomaticTypingAcquisition", ...args], { cwd });
    this.child.stdout.on("data", (chunk: Buffer) => this.hear(chunk));
    this.child.stderr.on("data", (chunk: Buffer) => (this.errors += chunk.toString()));
    this.child.once("close", () => {
      for (const answer of this.waiting.values())
        answer({ type: "response", success: false, message: `tsserver has ended:\n${this.errors}` });
    });
  }

  stop(): void {
    this.child.kill("SIGKILL");
  }

  /** Sends a command that has no answer. */
  notify(command: string, args?: object): void {
    this.child.stdin.write(`${JSON.stringify({ seq: ++this.seq, type: "request", command, arguments: args })}\n`);
  }

  /** The body of the answer. `undefined` if the server has nothing to say. */
  async request<T>(command: string, args?: object): Promise<T | undefined> {
    const answered = new Promise<Answer>((resolve) => this.waiting.set(this.seq + 1, resolve));
    this.notify(command, args);
    const { success, body, message } = await answered;
    if (success !== true && message !== "No content available.") throw new Error(`${command}: ${message}`);
    return body as T | undefined;
  }

  private hear(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    for (;;) {
      const head = this.received.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/.exec(this.received.subarray(0, Math.max(0, head)).toString())?.[1]);
      if (head === -1 || this.received.length < head + 4 + length) return;
      const answer: Answer = JSON.parse(this.received.subarray(head + 4, head + 4 + length).toString());
      this.received = this.received.subarray(head + 4 + length);
      const seq = answer.type === "response" ? answer.request_seq : undefined;
      if (seq === undefined) continue;
      this.waiting.get(seq)?.(answer);
      this.waiting.delete(seq);
    }
  }
}

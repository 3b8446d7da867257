/**
 * What a process loads before everything else: its machine has the name `$HOST`, and its wall clock is `$CLOCK` milliseconds fast. SIGUSR2 sets the clock, forward
 * and back in turn. The monotonic clock stays as it is.
 */
export const preload = `
  import os from "node:os";
  import { syncBuiltinESMExports } from "node:module";
  os.hostname = () => process.env.HOST;
  syncBuiltinESMExports();

  const jumps = [47_000, -150_000, 3_600_000, -3_540_000, 86_000];
  let fast = Number(process.env.CLOCK);
  let count = 0;
  process.on("SIGUSR2", () => (fast += jumps[count++ % jumps.length]));
  const RealDate = Date;
  const now = () => RealDate.now() + fast;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, as) => Reflect.construct(target, args.length === 0 ? [now()] : args, as),
    apply: () => new RealDate(now()).toString(),
    get: (target, name, receiver) => (name === "now" ? now : Reflect.get(target, name, receiver)),
  });
`;

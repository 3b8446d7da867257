import { sqliteStore, type Store } from "perdure";

type Writes = Parameters<Store["commit"]>[0];

/** A store that kills this process right after the nth commit of a checkpoint. Tests use it to kill the process after each one. */
export function storeToDieWith(path: string, fatalCommit: number): Store {
  const store = sqliteStore(path, { durability: "full" });
  let commits = 0;
  const commit: Store["commit"] = (writes) => {
    const answers = store.commit(writes); // the commit is durable when this returns
    if (holdsCheckpoint(writes) && ++commits === fatalCommit) process.kill(process.pid, "SIGKILL");
    return answers;
  };
  return { ...store, commit };
}

const holdsCheckpoint = (writes: Writes): boolean =>
  writes.some((write) => write.type === "step" && write.step.seq !== undefined);

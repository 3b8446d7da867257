import { sqliteStore, type Store } from "perdure";

type Writes = Parameters<Store["commit"]>[0];

/** A store that kills this process right after its n-th commit of a checkpoint, for the tests that kill it after each. */
export function storeToDieWith(path: string, fatalCommit: number): Store {
  const store = sqliteStore(path, { durability: "full" });
  let commits = 0;
  const commit: Store["commit"] = (writes) => {
    const answers = store.commit(writes); // durable when it returns
    if (holdsCheckpoint(writes) && ++commits === fatalCommit) process.kill(process.pid, "SIGKILL");
    return answers;
  };
  return { ...store, commit };
}

const holdsCheckpoint = (writes: Writes): boolean =>
  writes.some((write) => write.type === "step" && write.step.seq !== undefined);

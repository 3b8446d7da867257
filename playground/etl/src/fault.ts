import { sqliteStore, type Store } from "perdure";

type Writes = Parameters<Store["commit"]>[0];

/** A store that kills this process right after its n-th commit of a checkpoint: the tests die at each of them. */
export function storeToDieWith(path: string, fatalCommit: number): Store {
  const store = sqliteStore(path, { durability: "full" });
  let commits = 0;
  const commit: Store["commit"] = (writes) => {
    const answers = store.commit(writes); // durable when it returns
    if (holdsCheckpoint(writes) && ++commits === fatalCommit) process.kill(process.pid, "SIGKILL");
    return answers;
  };
  return new Proxy(store, { get: (target, key) => (key === "commit" ? commit : boundMember(target, key)) });
}

const holdsCheckpoint = (writes: Writes): boolean =>
  writes.some((write) => write.type === "step" && write.step.seq !== undefined);

function boundMember(target: Store, key: string | symbol): unknown {
  const member: unknown = Reflect.get(target, key);
  return typeof member === "function" ? member.bind(target) : member;
}

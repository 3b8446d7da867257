import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { say } from "./report.mjs";
const { default: git } = await import("isomorphic-git");

const dir = fs.mkdtempSync(join(tmpdir(), "perdure-git-"));
process.on("exit", () => fs.rmSync(dir, { recursive: true, force: true }));
const person = { name: "Ann", email: "ann@example.org", timestamp: 1_000_000_000, timezoneOffset: 0 };
const on = { fs, dir, author: person, committer: person };
const write = (file, text) => {
  fs.mkdirSync(join(dir, file, ".."), { recursive: true });
  fs.writeFileSync(join(dir, file), text);
};
const commit = async (message, files) => {
  for (const [file, text] of Object.entries(files)) {
    write(file, text);
    await git.add({ ...on, filepath: file });
  }
  return await git.commit({ ...on, message });
};

await say("init", () => git.init({ ...on, defaultBranch: "main" }));
await say("config", async () => {
  await git.setConfig({ ...on, path: "user.name", value: "Ann" });
  await git.setConfig({ ...on, path: "remote.origin.url", value: "https://example.org/x.git", append: true });
  return [
    await git.getConfig({ ...on, path: "user.name" }),
    await git.getConfigAll({ ...on, path: "remote.origin.url" }),
  ];
});
const first = await say("a commit", () =>
  commit("first", { "a.txt": "one\ntwo\nthree\n", "folder/b.txt": "b\n", ".gitignore": "*.log\n" }),
);
await say("ignored", () => git.isIgnored({ ...on, filepath: "x.log" }));
await say("status", async () => {
  write("a.txt", "one\n2\nthree\n");
  write("new.txt", "new\n");
  return [
    await git.status({ ...on, filepath: "a.txt" }),
    await git.status({ ...on, filepath: "new.txt" }),
    await git.statusMatrix(on),
  ];
});
await say(
  "restored",
  async () => (
    await git.checkout({ ...on, force: true, filepaths: ["a.txt"] }),
    fs.readFileSync(join(dir, "a.txt"), "utf8")
  ),
);
await say("a branch", async () => {
  await git.branch({ ...on, ref: "side" });
  await git.checkout({ ...on, ref: "side" });
  return [await git.currentBranch(on), await git.listBranches(on)];
});
await say("a commit on the side", () => commit("side", { "a.txt": "one\ntwo\nthree\nfour\n" }));
await say("back", () => git.checkout({ ...on, ref: "main" }));
await say("another commit", () => commit("main", { "c.txt": "c\n", "a.txt": "zero\none\ntwo\nthree\n" }));
await say("bases", async () =>
  git.findMergeBase({
    ...on,
    oids: [await git.resolveRef({ ...on, ref: "main" }), await git.resolveRef({ ...on, ref: "side" })],
  }),
);
await say("merged", async () => (await git.merge({ ...on, ours: "main", theirs: "side" })).tree);
await say(
  "after the merge",
  async () => (await git.checkout({ ...on, ref: "main", force: true }), fs.readFileSync(join(dir, "a.txt"), "utf8")),
);
await say("a conflict", async () => {
  await git.branch({ ...on, ref: "clash", checkout: true });
  await commit("clash", { "a.txt": "clash\n" });
  await git.checkout({ ...on, ref: "main" });
  await commit("other", { "a.txt": "other\n" });
  return await git.merge({ ...on, ours: "main", theirs: "clash", abortOnConflict: false });
});
await say(
  "aborted",
  async () => (await git.abortMerge(on).catch((error) => error.code), git.currentBranch({ ...on, fullname: true })),
);
await say("log", async () =>
  (await git.log(on)).map(({ oid, commit: { message, tree, parent } }) => [oid, message, tree, parent]),
);
await say("log of a file", async () => (await git.log({ ...on, filepath: "folder/b.txt" })).map(({ oid }) => oid));
await say("files", () => git.listFiles({ ...on, ref: "side" }));
await say("tags", async () => {
  await git.tag({ ...on, ref: "v1", object: first });
  await git.annotatedTag({ ...on, ref: "v2", message: "two", object: first, tagger: person });
  return [
    await git.listTags(on),
    await git.resolveRef({ ...on, ref: "v2" }),
    await git.readTag({ ...on, oid: await git.resolveRef({ ...on, ref: "v2" }) }),
  ];
});
await say("objects", async () => {
  const blob = await git.writeBlob({ ...on, blob: new TextEncoder().encode("raw") });
  const tree = await git.writeTree({ ...on, tree: [{ mode: "100644", path: "raw.txt", oid: blob, type: "blob" }] });
  const made = await git.writeCommit({
    ...on,
    commit: { message: "made\n", tree, parent: [first], author: person, committer: person },
  });
  return [
    blob,
    tree,
    made,
    (await git.readBlob({ ...on, oid: made, filepath: "raw.txt" })).blob,
    (await git.readTree({ ...on, oid: made })).tree,
    await git.expandOid({ ...on, oid: made.slice(0, 9) }),
  ];
});
await say("a descendant", async () =>
  git.isDescendent({ ...on, oid: await git.resolveRef({ ...on, ref: "main" }), ancestor: first }),
);
await say("a walk", () =>
  git.walk({
    ...on,
    trees: [git.TREE({ ref: "main" }), git.WORKDIR(), git.STAGE()],
    map: async (path, [tree, work, stage]) =>
      path === "." || path.startsWith(".git") || [tree, work, stage].every((each) => each === null)
        ? undefined
        : [path, await tree?.oid(), await work?.type(), await stage?.oid()],
  }),
);
await say("notes", async () => {
  await git.addNote({ ...on, oid: first, note: "a note" });
  const read = new TextDecoder().decode(await git.readNote({ ...on, oid: first }));
  return [read, await git.listNotes(on), await git.removeNote({ ...on, oid: first })];
});
await say("a pack", async () => {
  const { filename } = await git.packObjects({
    ...on,
    oids: [first, (await git.readCommit({ ...on, oid: first })).commit.tree],
    write: true,
  });
  fs.renameSync(join(dir, ".git/objects/pack", filename), join(dir, filename));
  return [filename, (await git.indexPack({ ...on, filepath: filename })).oids];
});
await say("a stash", async () => {
  write("a.txt", "stashed\n");
  await git.add({ ...on, filepath: "a.txt" });
  await git.stash(on);
  const between = fs.readFileSync(join(dir, "a.txt"), "utf8");
  await git.stash({ ...on, op: "apply" });
  return [between, fs.readFileSync(join(dir, "a.txt"), "utf8"), (await git.stash({ ...on, op: "list" })).length];
});
await say("removed", async () => {
  await git.remove({ ...on, filepath: "folder/b.txt" });
  await git.resetIndex({ ...on, filepath: "c.txt" });
  await git.updateIndex({ ...on, filepath: "new.txt", add: true });
  return (await git.statusMatrix(on)).map((row) => row.join(" "));
});
await say("remotes", async () => {
  await git.addRemote({ ...on, remote: "up", url: "https://example.org/up.git" });
  await git.writeRef({ ...on, ref: "refs/remotes/up/main", value: first });
  const listed = [
    await git.listRemotes(on),
    await git.listBranches({ ...on, remote: "up" }),
    await git.listRefs({ ...on, filepath: "refs/heads" }),
  ];
  await git.deleteRemote({ ...on, remote: "up" });
  return [...listed, await git.listRemotes(on)];
});
await say("renamed and deleted", async () => {
  await git.renameBranch({ ...on, oldref: "side", ref: "edge" });
  await git.deleteBranch({ ...on, ref: "clash" });
  await git.deleteTag({ ...on, ref: "v1" });
  return [
    await git.listBranches(on),
    await git.listTags(on),
    (await git.findRoot({ fs, filepath: join(dir, "folder") })) === dir,
  ];
});
await say(
  "cherry-picked",
  async () =>
    (await git
      .cherryPick?.({ ...on, oid: await git.resolveRef({ ...on, ref: "edge" }) })
      .catch((error) => error.code)) ?? "none",
);
await say("nothing there", () => git.resolveRef({ ...on, ref: "nothing" }));
await say("no such object", () => git.readObject({ ...on, oid: "0".repeat(40) }));
await say("no such branch", () => git.checkout({ ...on, ref: "nowhere" }));
await say("a bad name", () => git.branch({ ...on, ref: "a..b" }));
await say("no message", () => git.commit(on));
await say("a parameter is missing", () => git.log({}));

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { openClient, schemaOf, type Client } from "perdure/tools";
import { refusal } from "./http/refusal.ts";
import { readableCodec } from "./show/index.ts";

/** Gives the client for a request. */
export type ClientSource = () => Client;

/**
 * Opens a store beside the program that uses it, once its file is there, and again when another file takes its place. A file of another version is
 * not opened: that would migrate it.
 */
export function clientOf(url: string): ClientSource {
  const path = url.startsWith("sqlite:") ? resolve(url.slice("sqlite:".length)) : undefined;
  let opened: { readonly client: Client; readonly file: number | undefined } | undefined;
  return () => {
    const file = path === undefined ? undefined : existing(path);
    if (opened && opened.file !== file) {
      void opened.client.close();
      opened = undefined;
    }
    opened ??= { client: openClient({ store: url, codec: readableCodec() }), file };
    return opened.client;
  };
}

/** The number of the file. */
function existing(path: string): number {
  const schema = schemaOf(path);
  const file = statSync(path, { throwIfNoEntry: false })?.ino;
  if (!schema || file === undefined)
    throw refusal(
      503,
      "STORE_MISSING",
      `there is no file ${path} yet\n  → start the program: its first run makes the file`,
    );
  if (schema.isStore && schema.version < schema.known)
    throw refusal(
      503,
      "STORE_OLDER",
      `${path} has version ${schema.version} of the schema, this perdure works with ${schema.known}\n  → start the program with this version: it migrates the file`,
    );
  return file;
}

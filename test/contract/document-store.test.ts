import { test } from "vitest";
import { testStore } from "perdure/testing";
import { DocumentDatabase } from "./document-database.ts";
import { documentStore } from "./document-store.ts";

let database: DocumentDatabase;

testStore(() => documentStore((database = new DocumentDatabase())), { test, reopen: () => documentStore(database) });

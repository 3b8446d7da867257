/** The smallest program that records a row with better-sqlite3: node cold-raw.mjs FILE */
import Database from "better-sqlite3";

const db = new Database(process.argv[2]);
db.pragma("journal_mode = WAL");
db.pragma("synchronous = FULL");
db.exec("CREATE TABLE steps (run INTEGER, id TEXT, output TEXT, PRIMARY KEY (run, id)) STRICT, WITHOUT ROWID");
db.prepare("INSERT INTO steps VALUES (1, ?, ?)").run("step[0]", JSON.stringify({ index: 0, text: "x".repeat(76) }));
db.close();

/**
 * What the runtime uses of `node:crypto`. An `import` of it makes all that it exports, Web Crypto included, which takes half of what `import "perdure"`
 * may take.
 */
export const { createHash, createHmac, hash, randomUUID } = process.getBuiltinModule("node:crypto");

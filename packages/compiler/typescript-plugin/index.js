// tsserver looks for plugins in the way of Node 10: it reads no "exports", and loads CommonJS with `require`
module.exports = require("../dist/typescript-plugin.mjs").default;

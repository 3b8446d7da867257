// ts-patch loads its plugins with `require`
module.exports = require("./dist/tsc.mjs");

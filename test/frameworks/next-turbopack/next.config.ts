import type { NextConfig } from "next";

const config: NextConfig = {
  serverExternalPackages: ["perdure"],
  turbopack: {
    rules: {
      "*.{ts,tsx,js,jsx,mts,mjs}": {
        condition: { all: [{ not: "foreign" }, { not: "browser" }] },
        loaders: ["unplugin-perdure/loader"],
      },
    },
  },
};

export default config;

import type { NextConfig } from "next";

const config: NextConfig = {
  serverExternalPackages: ["perdure"],
  turbopack: {
    rules: {
      "*.{ts,tsx,js,jsx,mts,mjs}": {
        condition: { not: "foreign" },
        loaders: ["unplugin-perdure/loader"],
      },
    },
  },
};

export default config;

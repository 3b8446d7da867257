import type { NextConfig } from "next";
import perdure from "unplugin-perdure/webpack";

const config: NextConfig = {
  webpack(config) {
    config.plugins.push(perdure());
    return config;
  },
};

export default config;

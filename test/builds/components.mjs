/**
 * Builds components with Vite in a process of its own, because Vitest has other conditions for packages, and prints the manifest:
 * node components.mjs <build | dev> <root> <first | last> <build options as JSON> <options of the plugin as JSON, regular expressions as strings>
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import vue from "@vitejs/plugin-vue";
import perdure from "unplugin-perdure/vite";
import { build, createServer } from "vite";

const [, , how, root, order, more, options] = process.argv;
const given = JSON.parse(options);
const toRegExps = (list) => list?.map((each) => new RegExp(each));
let manifest;
const ours = perdure({
  ...(given.include && { include: toRegExps(given.include) }),
  ...(given.exclude && { exclude: toRegExps(given.exclude) }),
  ...(given.warnings && { warnings: given.warnings }),
  onManifest: (each) => (manifest = each),
});
const config = {
  root,
  configFile: false,
  logLevel: "silent",
  plugins: order === "first" ? [ours, vue(), svelte()] : [vue(), svelte(), ours],
  build: { ssr: "src/main.ts", ...JSON.parse(more) },
  ssr: { external: ["vue", "svelte"] },
};

async function serve() {
  const server = await createServer({
    ...config,
    server: { middlewareMode: true, ws: false, watch: null },
    appType: "custom",
    optimizeDeps: { noDiscovery: true },
  });
  const { client, ssr } = server.environments;
  for (const name of ["Js.vue", "Ts.vue", "Plain.vue", "Module.svelte"]) {
    const { code } = await ssr.transformRequest(`/src/${name}`);
    if (!code.includes("perdure/internal")) console.log(`${name} is not compiled`);
    const refusal = await client.transformRequest(`/src/${name}`).then(
      () => "served",
      (error) => `${error.loc.line}:${error.loc.column} ${error.message.split("\n")[0]}`,
    );
    console.log(`${name} to the browser: ${refusal}`);
  }
  console.log(
    Object.keys(await ssr.runner.import("/src/Plain.vue"))
      .sort()
      .join(),
  );
  await server.close();
}

try {
  await (how === "dev" ? serve() : build(config));
  console.log(`manifest: ${JSON.stringify(manifest)}`);
} catch (error) {
  console.log(error.message);
  process.exitCode = 1;
}

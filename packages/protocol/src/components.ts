/** The paths of single-file components. Their scripts are compiled after the plugin of their framework has made a module of them. */
export const components = /\.(?:vue|svelte|astro)$/;

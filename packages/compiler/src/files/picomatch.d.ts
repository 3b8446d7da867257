declare module "picomatch" {
  const picomatch: { makeRe(glob: string, options: { readonly dot: boolean }): RegExp };
  export default picomatch;
}

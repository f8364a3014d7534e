/** The native half of the package, without the JavaScript that its main entry falls back to in silence. */
declare module "secp256k1/bindings.js" {
  const secp256k1: typeof import("secp256k1");
  export = secp256k1;
}

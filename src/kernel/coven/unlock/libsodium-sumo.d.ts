declare module 'libsodium-sumo' {
  /** As much of it as is used here; the package brings no types. Addresses and sizes are in bytes. */
  interface Sodium {
    /** Another one whenever the memory has grown. */
    readonly HEAPU8: Uint8Array
    _sodium_init(): number
    _malloc(sizeBytes: number): number
    _crypto_pwhash(...words: readonly number[]): number
  }
  /** Each call makes an instance with memory of its own. */
  function createSodium(options: { readonly getRandomValue: () => number }): Promise<Sodium>

  export = createSodium
}

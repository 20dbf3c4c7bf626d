/** The part of Web Awesome's icon library that the pages use; served from its package. */
export declare function registerIconLibrary(
  name: string,
  library: { readonly resolver: (icon: string) => string; readonly spriteSheet?: boolean },
): void

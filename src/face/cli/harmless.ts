/**
 * Without control characters but for line ends and tabs: what a document, a model or the name of a key says must not
 * move the cursor, colour the screen or type into the terminal.
 */
export function harmless(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(/[^\P{Cc}\n\t]/gu, '')
}

/** As `harmless`, and on one line: a key with a line end in it is not to pass for two. */
export function harmlessLine(text: string): string {
  return harmless(text.replaceAll(/\s/g, ' '))
}

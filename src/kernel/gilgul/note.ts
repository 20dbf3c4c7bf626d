/** One line in gilgul's own log. */
export function note(subject: string, text: string): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), subject, text })}\n`)
}

/** Such characters stand in JSON as they are. Found by one run of a pattern, three times as fast as `stringify` looks. */
const PLAIN = /^[ !#-[\]-~]*$/
/** Below it, finding out costs more than it saves. */
const LONG_CHARACTERS = 200

/**
 * As JSON.stringify, character for character, but faster for an object that holds a long text in plain ASCII: what
 * streams mostly carry.
 */
export function writeJson(value: unknown): string | undefined {
  if (typeof value === 'string') return writeText(value)
  return isPlainObject(value) && hasLongText(value) ? writeFields(value) : JSON.stringify(value)
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return false
  return !('toJSON' in value)
}

function hasLongText(value: Readonly<Record<string, unknown>>): boolean {
  for (const key of Object.keys(value)) {
    const field = value[key]
    if (typeof field === 'string' && field.length >= LONG_CHARACTERS) return true
  }
  return false
}

function writeFields(value: Readonly<Record<string, unknown>>): string {
  let text = ''
  for (const key of Object.keys(value)) {
    const field = value[key]
    const written = typeof field === 'string' ? writeText(field) : JSON.stringify(field)
    // A field that JSON does not know is left out.
    if (written === undefined) continue
    text += `${text === '' ? '{' : ','}${writeText(key)}:${written}`
  }
  return `${text}}`
}

function writeText(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}

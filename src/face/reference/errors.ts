import { COMMON_CODES, type Contract, ERRORS, type ErrorCode } from '#protocol'

const INTRODUCTION = `# The errors and what to do about them

Made from \`src/protocol/error-tables/\` by \`npm run docs\`. Do not edit it: a test compares.

"Again" says whether the same call may succeed later without anybody doing anything.

| code | what happened | what to do | again | from |
|---|---|---|---|---|
`

export function printErrors(contracts: readonly Contract[]): string {
  const codes = (Object.keys(ERRORS) as ErrorCode[]).sort()
  const rows = codes.map((code) => {
    const { means, advice, retry } = ERRORS[code]
    return `| \`${code}\` | ${means} | ${advice} | ${retry ? 'yes' : 'no'} | ${sourcesOf(code, contracts)} |`
  })
  return `${INTRODUCTION}${rows.join('\n')}\n`
}

function sourcesOf(code: ErrorCode, contracts: readonly Contract[]): string {
  if (COMMON_CODES.includes(code)) return 'any call (common)'
  const declared = contracts.flatMap(({ name, operations }) =>
    Object.entries(operations)
      .filter(([, { errors }]) => errors.includes(code))
      .map(([operation]) => `${name}.${operation}`),
  )
  return declared.join(', ') || 'starting up, or inside a service'
}

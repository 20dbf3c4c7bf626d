import type { AnswerRecord } from '#protocol'

/** Who or what chose the words, on what, and how. */
export function explainComputing({ model, computation, sampling, persona }: AnswerRecord): string[] {
  if (model.engine === 'none') return ['No engine had begun to answer.']
  const speaker = `The persona '${persona}' says how it was to speak.`
  if (model.engine === 'extractive') {
    return ['No language model answered: it is put together from quotes.', ...builtBy(computation), speaker]
  }
  if (model.engine === 'openai') {
    const server = `The server '${model.id}', which you have set up, answered. What it runs on, Runa cannot know.`
    return [server, chosenBy(sampling), speaker]
  }
  const digest = model.digest === '' ? '' : ` (SHA-256 ${model.digest.slice(0, 12)}…)`
  return [
    `The model '${model.id}'${digest} answered, on this machine.`,
    ...builtBy(computation),
    chosenBy(sampling),
    speaker,
  ]
}

function builtBy(computation: AnswerRecord['computation']): string[] {
  if (computation === undefined) return ['The Runa of that time did not write down what computed it.']
  const { build, cpu, gpu, threads, contextTokens } = computation
  const on = [
    ...(cpu === '' ? [] : [`its code for ${cpu}`]),
    ...(gpu === '' ? [] : [`the graphics card (${gpu})`]),
    ...(threads === 0 ? [] : [threads === 1 ? 'one thread' : `${threads} threads`]),
    ...(contextTokens === 0 ? [] : [`room for ${contextTokens} tokens`]),
  ]
  return [`It was computed by ${build}${on.length === 0 ? '' : `, with ${on.join(', ')}`}.`]
}

function chosenBy({ temperature, seed, topK, topP, minP, repeatPenalty }: AnswerRecord['sampling']): string {
  if (temperature === 0) return 'It took the likeliest token each time, so nothing was left to chance.'
  const limits = Object.entries({ temperature, topK, topP, minP, repeatPenalty, seed })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`)
  const dice = limits.length === 0 ? '' : `: ${limits.join(', ')}`
  return `Each token was drawn by lot among the likely ones${dice}.`
}

/** Why it ended where it did. */
export function explainEnd({ reason, sampling }: AnswerRecord): string[] {
  switch (reason) {
    case 'stop':
      return []
    case 'length':
      return [
        `It was cut off at its longest${sampling.tokensMax ? ` (${sampling.tokensMax} tokens, or the model's room)` : ''}.`,
      ]
    case 'blocked':
      return ['The policy ended it; a fixed text stands in the place of the rest.']
    case 'no-match':
      return ['Nothing that it was given answers the question, and it says so.']
    case 'stopped':
      return ['You stopped it before it had ended.']
    case 'failed':
      return ['Something broke before it had ended.']
  }
}

import { conversationContract, type Replay } from '#protocol'
import { findAnswer } from '../answers.ts'
import { withRuna } from '../connection.ts'
import { print } from '../output.ts'

/** Ends with status 1 where the answer is not the same again, so that a script can ask. */
export async function replay(named: string, { json }: { readonly json: boolean }): Promise<void> {
  await withRuna(['alethia', 'conversation', 'inference'], async (runa) => {
    const id = await findAnswer(runa, named)
    const replayed = await runa.client(conversationContract).replay({ id }, { signal: runa.signal })
    print(replayed, json, format(replayed))
    if (!replayed.same) process.exitCode = 1
  })
}

function format({ summary, differences, ran, text, same }: Replay): string {
  const today = differences.filter(({ concerns }) => concerns === 'asking-again')
  const changed =
    today.length === 0
      ? []
      : ['', 'If you asked again today:', ...today.map(({ sentence }) => `  ${sentence}`)]
  const said = ran && !same ? ['', 'This time it says:', text] : []
  return [summary, ...said, ...changed].join('\n')
}

import { conversationContract, type Explanation } from '#protocol'
import { findAnswer } from '../answers.ts'
import { withRuna } from '../connection.ts'
import { print } from '../output.ts'

export async function why(named: string, { json }: { readonly json: boolean }): Promise<void> {
  await withRuna(['alethia', 'conversation'], async (runa) => {
    const id = await findAnswer(runa, named)
    const explanation = await runa.client(conversationContract).why({ id }, { signal: runa.signal })
    print(explanation, json, format(explanation))
  })
}

function format({ answer, groups }: Explanation): string {
  const blocks = groups.map(({ title, sentences }) =>
    [title, ...sentences.map(({ text }) => `  ${text}`)].join('\n'),
  )
  return [...blocks, `To have it said again: \`runa replay ${answer}\``].join('\n\n')
}

import { conversationContract, type Feedback, RunaError } from '#protocol'
import { findAnswer } from '../answers.ts'
import { withRuna } from '../connection.ts'
import { print } from '../output.ts'

interface FeedbackOptions {
  readonly correction?: string
  readonly json: boolean
}

/** Says what somebody thinks of an answer. Both at once, or one after the other; `none` takes the verdict back. */
export async function giveFeedback(
  named: string,
  verdict: 'up' | 'down' | 'none' | undefined,
  { correction, json }: FeedbackOptions,
): Promise<void> {
  if (verdict === undefined && correction === undefined) {
    throw new RunaError('BAD_INPUT', 'Say up or down, or what would have been right: --correction "..."')
  }
  await withRuna(['alethia', 'conversation'], async (runa) => {
    const answer = await findAnswer(runa, named)
    const given = {
      ...(verdict !== undefined && { verdict: verdict === 'none' ? null : verdict }),
      ...(correction !== undefined && { correction: correction === '' ? null : correction }),
    }
    const { feedback } = await runa
      .client(conversationContract)
      .feedback({ answer, ...given }, { signal: runa.signal })
    print({ answer, feedback }, json, format(feedback))
  })
}

function format({ verdict, correction }: Omit<Feedback, 'at'>): string {
  const thumb = verdict === undefined ? 'You have not said whether it is good.' : `You said: ${verdict}.`
  return correction === undefined ? thumb : `${thumb} It should have said: ${correction}`
}

import type { alethiaContract, Client } from '#protocol'

/** What a conversation asks of the memory. */
export type Alethia = Pick<
  Client<typeof alethiaContract>,
  | 'answer'
  | 'close'
  | 'feedback'
  | 'forget'
  | 'recall'
  | 'records'
  | 'remember'
  | 'state'
  | 'thread'
  | 'threads'
  | 'turns'
>

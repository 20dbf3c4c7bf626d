import { gilgulContract } from '#protocol'
import { withRuna } from '../connection.ts'
import { print } from '../output.ts'

/** Stops a service and starts it again, also one that had failed; returns once it runs. */
export async function restart(name: string, { json }: { readonly json: boolean }): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const status = await client(gilgulContract).restart({ name }, { signal })
    print(status, json, `${name} runs.`)
  })
}

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { findPortHolder } from './port-holder.ts'

for (const address of ['127.0.0.1', '::']) {
  test(`the process that listens on a port of ${address} is found while it does`, async (t) => {
    const server = createServer().listen(0, address)
    const [error] = await Promise.race([once(server, 'listening'), once(server, 'error')])
    if (error) return t.skip('this machine does not have that kind of address')
    const { port } = server.address() as AddressInfo
    assert.equal((await findPortHolder(port))?.pid, process.pid)
    server.close()
    await once(server, 'close')
    assert.equal(await findPortHolder(port), undefined)
  })
}

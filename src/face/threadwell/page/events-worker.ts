// One connection for all tabs: a browser opens only six to one server, and eight tabs would starve each other.
import { type Announcement, openEventStream } from './event-stream.ts'

interface Scope {
  onconnect: ((event: MessageEvent) => void) | null
}

const ports = new Set<MessagePort>()
let isOnline = false

;(globalThis as unknown as Scope).onconnect = (event) => {
  const port = event.ports[0]
  if (port === undefined) return
  ports.add(port)
  // A tab says good-bye when it goes; a port to a tab that crashed only costs a message nobody reads.
  port.addEventListener('message', () => ports.delete(port))
  port.start()
  if (isOnline) port.postMessage({ event: 'online', content: null } satisfies Announcement)
}

openEventStream((announcement) => {
  if (announcement.event === 'online') isOnline = true
  if (announcement.event === 'offline') isOnline = false
  for (const port of ports) port.postMessage(announcement)
})

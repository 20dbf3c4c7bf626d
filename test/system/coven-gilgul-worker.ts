// A whole gilgul, without a service to look after.
import { startGilgul } from '../../src/kernel/gilgul/start.ts'

await startGilgul({
  services: [],
  modelSpec() {
    throw new Error('no models here')
  },
})

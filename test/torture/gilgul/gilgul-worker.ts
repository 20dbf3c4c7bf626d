// A whole gilgul, which keeps a dozen services that do nothing but live.
import { startGilgul } from '../../../src/kernel/gilgul/start.ts'
import { SERVICES } from './house.ts'

await startGilgul({
  services: SERVICES,
  modelSpec() {
    throw new Error('no models here')
  },
})

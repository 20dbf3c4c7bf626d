import { modelSpec, SERVICES } from './spec/service-table.ts'
import { startGilgul } from './start.ts'

await startGilgul({ services: SERVICES, modelSpec })

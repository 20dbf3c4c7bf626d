import { modelSpec, SERVICES } from './service-table.ts'
import { startGilgul } from './start.ts'

await startGilgul({ services: SERVICES, modelSpec })

export type { Embedder } from './embedder.ts'
export { createEmbedder, loadEmbedder } from './embedder.ts'

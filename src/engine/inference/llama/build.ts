import { readFile } from 'node:fs/promises'
import { getModuleVersion, type Llama } from 'node-llama-cpp'
import type { Computation } from '#protocol'
import { BATCH_TOKENS } from '../gguf/describe.ts'

/** Which engine it is, and which of its codes it has chosen for this machine. */
export async function describeBuild(llama: Llama): Promise<Pick<Computation, 'build' | 'cpu' | 'gpu'>> {
  const maps = await readFile('/proc/self/maps', 'utf8').catch(() => '')
  return {
    // How a prompt is cut decides about the last bits of its sums, and so about tokens.
    build: `node-llama-cpp ${await getModuleVersion()}, llama.cpp ${llama.llamaCppRelease.release}, reading ${BATCH_TOKENS} tokens at a time`,
    cpu: [process.arch, ...cpuVariant(maps)].join(' '),
    gpu: llama.gpu ? [llama.gpu, ...(await llama.getGpuDeviceNames())].join(' ') : '',
  }
}

/** The engine brings one library for each family of processors, and keeps the one that it uses in its memory. */
export function cpuVariant(maps: string): string[] {
  const names = [...maps.matchAll(/libggml-cpu-([a-z0-9]+)\.so/g)].flatMap(([, name]) => name ?? [])
  return [...new Set(names)].sort()
}

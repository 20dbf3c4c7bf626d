import type { Verb } from '../verb.ts'

const load = () => import('../bus-work.ts')

/** The bus as a whole. */
export const BUS_VERBS: readonly Verb[] = [
  {
    name: 'init',
    parameters: '',
    description: 'make a bus where `--bus` says, for yourself: in memory, under /dev/shm',
    options: [
      ['--size <bytes>', 'of the whole file, such as 64M; default: 48M'],
      ['--keys <style>', 'how keys stand in memory: plain, hashed or uuid; default: plain'],
      ['--seal', 'seal everything under the secret; `--secret-file` is made where it does not exist'],
      ['--members <count>', 'how many programs at once'],
      ['--replace', 'a bus that lies there is thrown away, with all that it holds'],
    ],
    example: ['init', '--bus', '/dev/shm/mine/bus', '--size', '8M'],
    load: async () => (await load()).initBus,
  },
  {
    name: 'destroy',
    parameters: '',
    description: 'remove the bus that `--bus` names, with all that it holds',
    options: [['-y, --yes', 'really']],
    example: ['destroy', '--bus', '/dev/shm/mine/bus', '--yes'],
    load: async () => (await load()).destroyThisBus,
  },
]

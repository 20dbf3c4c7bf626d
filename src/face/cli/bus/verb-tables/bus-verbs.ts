import type { Verb } from '../verb.ts'

const load = () => import('../bus-work.ts')

/** The bus as a whole. */
export const BUS_VERBS: readonly Verb[] = [
  {
    name: 'init',
    parameters: '',
    description:
      'make a bus where `--bus` says: in memory, such as under /dev/shm, or with --persistent on a disk',
    options: [
      ['--size <bytes>', 'of the whole file, such as 64M; default: 48M'],
      ['--store <bytes>', 'of that, for values'],
      ['--slots <count>', 'how many keys'],
      ['--when-full <what>', 'refuse what does not fit, or evict the weakest of what fades; default: refuse'],
      ['--persistent', 'its keys and values outlive the power of the machine'],
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
  {
    name: 'config',
    parameters: '[setting] [value]',
    description: 'show what can be changed while a bus is used, or change it: scrub off, hybrid or full',
    example: ['config', 'scrub', 'full'],
    load: async () => (await load()).configure,
  },
  {
    name: 'caps',
    parameters: '',
    description: 'show limits, layout, privacy, how full it is, and what this runtime can do',
    example: ['caps', '--json'],
    load: async () => (await load()).showCapabilities,
  },
]

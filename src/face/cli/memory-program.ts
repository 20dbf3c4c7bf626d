import type { Command } from 'commander'
import { example, showExample } from './example.ts'

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const FROM = ['--from <day>', 'said on this day or later, such as 2026-01-31'] as const
const TO = ['--to <day>', 'said on this day or before'] as const

export function addMemory(program: Command): void {
  const load = () => import('./commands/memory.ts')
  const memory = showExample(program.command('memory'), ['memory', 'recall', 'the green boat']).description(
    'what Runa remembers: look into it, forget, check, copy',
  )
  example(memory.command('show [turn]', { isDefault: true }), 'memory', 'show')
    .description('show how much is remembered, or what was said in one turn')
    .action(async (turn, options) => (await load()).showMemory(turn, options))
  example(memory.command('recall <words...>'), 'memory', 'recall', 'the green boat', '--from', '2026-01-31')
    .description('find what was said about something, the best first')
    .option(...FROM)
    .option(...TO)
    .option('--speaker <name>', '`you`, or the id of a persona')
    .option('-k, --count <count>', 'how many at most', '10')
    .action(async (words, options) => (await load()).recallWords(words.join(' '), options))
  example(memory.command('forget'), 'memory', 'forget', '--containing', 'green boat')
    .description('show what would be forgotten, then forget it for good; what is named must all fit')
    .option('--turn <id...>', 'these turns')
    .option('--thread <id>', 'all of a thread')
    .option('--containing <words>', 'turns in which this was said, letter for letter')
    .option(...FROM)
    .option(...TO)
    .option('-y, --yes', 'do not ask', false)
    .action(async (options) => (await load()).forgetTurns(options))
  example(memory.command('verify'), 'memory', 'verify')
    .description('read everything again from the disk, and check that nothing was changed or taken out')
    .action(async (options) => (await load()).verifyMemory(options))
  example(memory.command('snapshot <folder>'), 'memory', 'snapshot', './memory-copy')
    .description('copy the memory into a new folder, as it is sealed; its keys go apart')
    .action(async (folder, options) => (await load()).copyMemory(folder, options))
  example(memory.command('close <thread>'), 'memory', 'close', ID)
    .description('end a thread that is off the record, and let go of all that was said in it')
    .action(async (thread, options) => (await load()).closeThread(thread, options))
}

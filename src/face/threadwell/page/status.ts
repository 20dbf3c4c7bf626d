import type { ServiceState, ServiceStatus } from '#protocol'
import type { AppState, ServicesReply } from '../api.ts'
import type { IconName } from '../icons.ts'
import { refusalNote } from './dialog.ts'
import { byId, el, icon } from './dom.ts'
import { get } from './http.ts'
import { showLedger } from './ledger.ts'
import { onState } from './live.ts'
import { startShell } from './shell.ts'
import { durationWords, sizeWords, timeWords } from './words.ts'

const STATES: Readonly<Record<ServiceState, readonly [look: string, picture: IconName, word: string]>> = {
  running: ['ok', 'circle-check', 'Running'],
  waiting: ['queue', 'clock', 'Waiting'],
  starting: ['run', 'circle-play', 'Starting'],
  stopping: ['queue', 'clock', 'Stopping'],
  stopped: ['queue', 'square', 'Stopped'],
  asleep: ['ok', 'clock', 'Asleep'],
  backoff: ['need', 'clock', 'Starts again soon'],
  failed: ['fail', 'triangle-alert', 'Failed'],
}

startShell()
onState(showState)
byId('services-again').addEventListener('click', () => void showServices())
void showServices()
void showLedger()

function showState({ version, policyEnabled, services }: AppState): void {
  byId('status-version').textContent = `Runa ${version}`
  if (services.length > 0) fillServices(services)
  const [name, title, words] = policyEnabled
    ? ([
        'circle-check',
        'On.',
        'Passwords and keys are hidden. Talk of self-harm gets a fixed, careful reply.',
      ] as const)
    : (['circle-alert', 'Off.', 'Answers are not checked. The setting is in runa.yaml.'] as const)
  byId('policy').replaceChildren(
    el('p', { class: 'row small' }, icon(name), el('span', {}, el('b', {}, title), ` ${words}`)),
    el(
      'p',
      { class: 'small muted' },
      'The rules are text files in the folder “policies”. You can read and change them.',
    ),
  )
}

async function showServices(): Promise<void> {
  try {
    fillServices((await get<ServicesReply>('/api/services')).services)
  } catch (error) {
    const cell = el(
      'td',
      { colspan: 6 },
      refusalNote(error, () => void showServices()),
    )
    byId('services').replaceChildren(el('tr', {}, cell))
  }
}

function fillServices(services: readonly ServiceStatus[]): void {
  byId('services').replaceChildren(...services.map((service) => serviceRow(service)))
  byId('services-asof').textContent = `As of ${timeWords(Date.now())}`
}

function serviceRow({
  name,
  state,
  reason,
  pid,
  restarts,
  uptimeMs,
  memoryBytes,
}: ServiceStatus): HTMLElement {
  const [look, picture, word] = STATES[state]
  const isUp = pid !== null
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, name),
    el('td', { 'data-label': 'State' }, el('span', { class: `pill st-${look}` }, icon(picture, 'sm'), word)),
    el('td', { class: 'muted', 'data-label': 'Why' }, reason),
    el('td', { class: 'r', 'data-label': 'Restarts' }, restarts),
    el('td', { class: 'r', 'data-label': 'Running for' }, isUp ? durationWords(uptimeMs) : 'not running'),
    el('td', { class: 'r', 'data-label': 'Memory' }, isUp ? sizeWords(memoryBytes) : ''),
  )
}

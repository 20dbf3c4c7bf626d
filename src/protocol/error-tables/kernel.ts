import type { ErrorEntry } from './entry.ts'

/** Bus, journal, configuration and supervision. */
export const KERNEL_ERRORS = {
  AUDIT_BROKEN: {
    means:
      'The list of who was given which secret was changed, cut, or belongs to another vault. Nothing is revealed.',
    advice:
      'Put `vault/audit.journal` back from a backup of the same day as the vault, or begin a new list on purpose: `runa up --new-list`.',
    retry: false,
  },
  AUDIT_FAILED: {
    means: 'It could not be written down who asks for a secret, so the secret was not given.',
    advice:
      'Make room on the disk or mend it. If the list is full, begin a new one: `runa down`, then `runa up --new-list`.',
    retry: true,
  },
  BIRTH_INVALID: {
    means:
      'What a process was given at its birth, or at the door of the bus, are no keys that it understands.',
    advice: 'Stop Runa with `runa down`, then start it again, so that all parts are of one version.',
    retry: false,
  },
  BUS_CORRUPT: {
    means: 'The file of the bus is damaged, or is no bus at all.',
    advice:
      'Runa makes its own bus anew: stop it and start it again. For a bus of yours in a file, make a new one and restore its last snapshot.',
    retry: false,
  },
  BUS_EXISTS: {
    means: 'There is something at this path already that must not be lost. Nothing was changed.',
    advice: 'Attach to it, choose another path, or remove it on purpose.',
    retry: false,
  },
  BUS_FORBIDDEN: {
    means: 'The bus belongs to somebody else, others may read it, or there can be none in that folder.',
    advice:
      'A bus needs a folder of your own that nobody else may enter (`chmod 700`). For its own bus, start Runa as the user to whom its folder belongs.',
    retry: false,
  },
  BUS_FULL: {
    means: 'The bus has as many members or topics as it was made for.',
    advice:
      'End programs that use Runa, or models; below 48 MiB, a larger `bus.sizeBytes` has room for more.',
    retry: false,
  },
  BUS_KEY_MISSING: {
    means: "This process has no key for people's words of that kind, or for that bus. Nothing was sent.",
    advice:
      'Give the secret of a bus of your own (`--secret-file`). Services get their keys when gilgul starts them, programs through the door beside the bus: start Runa again.',
    retry: false,
  },
  BUS_KEY_WRONG: {
    means: 'The bus was made with another secret than the one that was given.',
    advice:
      'Give the secret that it was made with. Runa makes its own buses and their keys anew at each start.',
    retry: false,
  },
  BUS_NO_SPACE: {
    means: 'There is not enough shared memory for the bus.',
    advice: 'Make room in the folder that is named, or set a smaller `bus.sizeBytes` in runa.yaml.',
    retry: false,
  },
  BUS_PLACE_UNFIT: {
    means:
      'A bus cannot be kept in that place: several machines may reach it, or memory cannot be mapped there.',
    advice: 'Choose a folder on a disk of this machine, or in memory: below `/dev/shm`.',
    retry: false,
  },
  BUS_VERSION: {
    means: 'The bus was made by another version of Runa.',
    advice: 'Stop Runa with `runa down`, then start it again, so that all parts are of one version.',
    retry: false,
  },
  CONFIG_INVALID: {
    means: 'runa.yaml holds something that Runa does not understand. Nothing was started.',
    advice: 'Correct the line that is named. `runa.yaml` may also be deleted: everything has a default.',
    retry: false,
  },
  COVEN_LINK_BROKEN: {
    means: 'The link between coven and gilgul is closed, or carried something that it should not.',
    advice:
      'coven starts a fresh gilgul by itself. If it comes back, somebody may be at work on this machine.',
    retry: true,
  },
  COVEN_REFUSED: {
    means: 'coven and gilgul could not prove to each other who they are. No secret was given.',
    advice:
      'Let coven start gilgul; a gilgul that is started otherwise, or watched by a debugger, gets nothing.',
    retry: false,
  },
  DISK_FULL: {
    means: 'The disk is full. What was stored before is safe, and nothing was stored by half.',
    advice: 'Make room on the disk, then try again.',
    retry: false,
  },
  EMBEDDING_INVALID: {
    means: 'The table of word vectors is missing, damaged, or of another format.',
    advice: 'Install Runa again, or restore its folder assets/embedding.',
    retry: false,
  },
  ENVELOPE_CORRUPT: {
    means: 'A message on the bus was damaged. It was dropped.',
    advice: 'Stop Runa and start it again. If it comes back, check the memory of the machine.',
    retry: false,
  },
  EXPORT_INVALID: {
    means: 'The file is no export of secrets, or it was damaged or changed. Nothing was imported.',
    advice: 'Copy it again from where it came from, or export anew: `runa secret export FILE`.',
    retry: false,
  },
  FILE_NOT_FOUND: {
    means: 'There is no such file or folder, or it may not be read.',
    advice: 'Check the path and its permissions.',
    retry: false,
    quotes: true,
  },
  ISOLATION_MISSING: {
    means:
      'A service is to be kept apart or limited in a way that this machine, or this user, cannot do. It was not started.',
    advice:
      'Install what is missing, ask for another kind in runa.yaml, or write `required: false` under `isolation` to have it started with less.',
    retry: false,
  },
  JOURNAL_CORRUPT: {
    means: 'A record that was once complete no longer matches its checksum. The file was left untouched.',
    advice: 'Copy the file aside, then restore it from a backup; check the disk.',
    retry: false,
  },
  JOURNAL_FAILED: {
    means: 'The disk refused a write. What was acknowledged before is safe.',
    advice: 'Make room on the disk or mend it, then start the service again.',
    retry: false,
  },
  JOURNAL_FULL: {
    means: 'The journal has reached its size limit.',
    advice: 'Raise the limit, or move older records away.',
    retry: false,
  },
  KEY_ABSENT: {
    means: 'The bus holds nothing under that key.',
    advice: 'List the keys there are: `runa bus list`.',
    retry: false,
  },
  LEASE_UNKNOWN: {
    means: 'Nobody holds a secret by that lease: it has ended, or never was.',
    advice: '`runa secret leases` shows those there are.',
    retry: false,
  },
  NOT_RUNNING: {
    means: 'Runa is not running.',
    advice: 'Start it: `runa up`.',
    retry: false,
  },
  RUNNING_ALREADY: {
    means: 'Runa is already running with this RUNA_HOME.',
    advice: 'Use it as it is (`runa status`), or stop it first: `runa down`.',
    retry: false,
  },
  SEAL_BROKEN: {
    means: 'What is sealed was changed, or belongs to another key or another place. Nothing of it was used.',
    advice: 'Restore the file from a backup, together with the key that it was sealed with.',
    retry: false,
  },
  SECRET_NOT_GRANTED: {
    means: 'The service that asks was not granted this secret.',
    advice: 'If it should have it: `runa secret grant NAME SERVICE`. That it asked is written down.',
    retry: false,
  },
  MACHINE_KEY_FAILED: {
    means: 'This machine did not seal or open the key of the vault: systemd-creds is not here, or refused.',
    advice:
      'It takes systemd 250 or newer and, for most machines, root; for a TPM one that systemd knows (`systemd-creds has-tpm2`). A passphrase works everywhere: `runa secret passphrase`.',
    retry: false,
  },
  SECRETS_MISSING: {
    means: 'Runa runs without coven, so that there are no secrets.',
    advice: 'Start Runa with coven: `runa down`, then `runa up` without `--without-coven`.',
    retry: false,
  },
  SECRET_OWNED: {
    means: 'This secret belongs to a service of Runa alone, and nobody else is given it.',
    advice:
      'Leave it as it is: the service makes it and looks after it. `runa secret list` says whose it is.',
    retry: false,
  },
  SECRET_REFUSED: {
    means:
      'What was said about a secret does not come from the service or the gilgul that it names, or was said before.',
    advice:
      'Nothing needs to be done if it happens once. If it comes back, a program on this machine is after secrets.',
    retry: true,
  },
  SECRET_THERE: {
    means: 'There is a secret of that name already.',
    advice: 'Give it another name, replace it (`runa secret rotate NAME`), or keep it as it is.',
    retry: false,
  },
  SECRET_UNKNOWN: {
    means: 'There is no secret of that name, or not in that version.',
    advice: '`runa secret list` shows those there are; `runa secret set NAME` stores one.',
    retry: false,
  },
  SERVICE_FAILED: {
    means: 'The service could not be started.',
    advice: 'Look into its log: `runa logs NAME`. Start it again: `runa restart NAME`.',
    retry: false,
  },
  SERVICE_TOO_LARGE: {
    means: 'There is not the memory that the service is said to need.',
    advice:
      'Unload a model or stop another service, then `runa restart NAME`; or lower memoryBytes in its description.',
    retry: false,
  },
  SERVICE_UNKNOWN: {
    means: 'There is no service of that name.',
    advice: 'List them: `runa status`.',
    retry: false,
  },
  SNAPSHOT_BROKEN: {
    means: 'The snapshot is damaged, cut short, or no snapshot at all. Nothing was restored.',
    advice: 'Take another copy of it, or an older one.',
    retry: false,
  },
  SNAPSHOT_FOREIGN: {
    means: 'The snapshot is of a bus with another secret, or with other keys or seals. Nothing was restored.',
    advice: 'Restore it into a bus that was made as the first one was, with the same secret.',
    retry: false,
  },
  SNAPSHOT_VERSION: {
    means: 'The snapshot was made by another version of Runa. Nothing was restored.',
    advice: 'Restore it with the version that made it, or a newer one.',
    retry: false,
  },
  STORE_FULL: {
    means: 'The store of the bus has no room for another key or value.',
    advice:
      'Delete keys, or set a larger `bus.sizeBytes` in runa.yaml and start Runa again; make a bus of your own with a larger `--size`.',
    retry: false,
  },
  SYSTEM_CALL_FAILED: {
    means: 'The operating system refused something that Runa needs.',
    advice: 'The message names what was refused; a container or a security module may forbid it.',
    retry: false,
  },
  SYSTEM_UNFIT: {
    means: 'This system cannot share memory as the bus needs it.',
    advice:
      'Use Linux with glibc, and install the package with its optional dependencies, of which koffi is one.',
    retry: false,
  },
  VAULT_CORRUPT: {
    means: 'The file of the vault is damaged, or was changed by somebody. It was left untouched.',
    advice: 'Copy it aside, then put it back from a backup; check the disk.',
    retry: false,
  },
  VAULT_FULL: {
    means: 'The vault holds as much as it may.',
    advice: 'Remove secrets that nobody needs any more: `runa secret remove NAME`.',
    retry: false,
  },
  VAULT_KEY_MISSING: {
    means: 'The vault needs its key file, or a passphrase, and was given the other or none.',
    advice:
      'Put `vault/vault.key` back, or type the passphrase (in a script: `runa up --passphrase-stdin`). Nobody can open the vault without.',
    retry: false,
  },
  VAULT_KEY_WRONG: {
    means: 'The vault did not open: it is the wrong passphrase or key file, or its header was changed.',
    advice: 'Try again. Nothing was changed, and nobody can open it otherwise.',
    retry: false,
  },
  VAULT_LOCKED: {
    means: 'The vault is sealed: coven runs, and has nothing of what is in it.',
    advice: 'Open it: `runa secret unseal`. Services that need a secret wait until then.',
    retry: true,
  },
  VAULT_MISSING: {
    means: 'The vault is gone, and the list of what was done with it is still there. No new one was made.',
    advice:
      'Put `vault/secrets.vault` back from a backup. Without one, move the folder `vault` away: then a new vault is made, and what was sealed before stays closed.',
    retry: false,
  },
  VAULT_OLDER: {
    means: 'The vault is older than the list of what was done with it: an old copy was put in its place.',
    advice: 'Put back vault and audit list from the same backup, or find out who changed the file.',
    retry: false,
  },
  VAULT_VERSION: {
    means: 'The file is no vault, or one of another version of Runa.',
    advice: 'Open it with the version of Runa that wrote it.',
    retry: false,
  },
  VERSION_CONFLICT: {
    means: 'Somebody else changed this first.',
    advice: 'Read it again, then repeat the change.',
    retry: true,
  },
} as const satisfies Record<string, ErrorEntry>

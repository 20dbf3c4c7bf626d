import type { Profile } from '#protocol'

/** The first moment after somebody has agreed. */
export const NEW_PROFILE: Profile = {
  format: 'runa-profile',
  version: 2,
  agreed: 'settings',
  paused: false,
  mode: 'default',
  manner: {},
  said: {},
  days: [],
  turns: [],
}

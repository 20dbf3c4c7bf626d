/** Programs and their libraries. What is not there on this machine is left out. */
export const SYSTEM: readonly string[] = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/lib32']

/** Of /etc, what programs cannot do without. The rest tells of this machine and its people. */
export const SETTINGS: readonly string[] = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/nsswitch.conf',
  '/etc/passwd',
  '/etc/group',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  // The same on Fedora. Node does not start where it may not read what is there.
  '/etc/crypto-policies',
  '/etc/pki/ca-trust/extracted',
  '/etc/pki/tls/certs',
  '/etc/pki/tls/openssl.cnf',
]

/** Only who has the network asks for names. */
export const SETTINGS_OF_NETWORK: readonly string[] = [
  '/etc/hosts',
  '/etc/resolv.conf',
  '/etc/host.conf',
  '/etc/services',
]

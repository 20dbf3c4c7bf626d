/** What keeps Runa from running on this system, in one sentence; undefined where nothing does. */
export function explainUnsupportedSystem() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19)) {
    return `Runa needs Node 20.19 or newer, and this is ${process.versions.node}: install a newer Node and try again.`
  }
  if (process.platform !== 'linux') {
    return `Runa runs on Linux, and this is ${process.platform}: use a Linux machine, virtual machine or container.`
  }
  // Only glibc's loader leaves its version in the report; musl leaves nothing.
  process.report.excludeNetwork = true
  if (!process.report.getReport().header.glibcVersionRuntime) {
    return 'Runa needs glibc, and this system has musl (Alpine?): use Debian, Fedora or another glibc system.'
  }
  return undefined
}

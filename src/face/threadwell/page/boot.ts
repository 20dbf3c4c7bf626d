// A classic script that runs before the first paint, so that nothing changes colour after loading.
{
  const root = document.documentElement
  const stored = (key: string): string | null => {
    try {
      return localStorage.getItem(`threadwell.${key}`)
    } catch {
      return null
    }
  }
  const systemTheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  const theme = stored('theme') ?? systemTheme
  root.dataset['theme'] = theme
  root.dataset['mode'] = stored('mode') ?? 'default'
  root.dataset['motion'] = stored('motion') ?? 'off'
  root.dataset['keys'] = stored('keys') ?? 'on'
  root.classList.add('wa-theme-default', theme === 'dark' ? 'wa-dark' : 'wa-light')
}

const RUN = 'globalThis.strangerWasHere=1'

/** Ways by which a text tries to run a script, or to make the page ask for something. */
export const PAYLOADS: readonly string[] = [
  `<script>${RUN}</script>`,
  `<img src=x onerror="${RUN}">`,
  '![pixel](http://127.0.0.1:9/pixel.png)',
  '![pixel](/static/stranger.png)',
  `<svg onload="${RUN}"><circle r="9"/></svg>`,
  `<svg><script>${RUN}</script></svg>`,
  `<iframe srcdoc="<script>parent.${RUN}</script>"></iframe>`,
  `[click](javascript:${RUN})`,
  `<a href="javascript:${RUN}">click</a>`,
  `[click](data:text/html,<script>${RUN}</script>)`,
  `<details open ontoggle="${RUN}">x</details>`,
  `<input autofocus onfocus="${RUN}">`,
  `<math><mtext><table><mglyph><style><img src=x onerror="${RUN}">`,
  `<form action="http://127.0.0.1:9/"><button>send</button></form>`,
  `<link rel="stylesheet" href="http://127.0.0.1:9/x.css">`,
  `<style>@import "http://127.0.0.1:9/x.css";</style>`,
  `<video src="http://127.0.0.1:9/x.mp4" autoplay></video>`,
  `<object data="http://127.0.0.1:9/x"></object>`,
  `<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/">`,
  `<base href="http://127.0.0.1:9/">`,
  `<div style="background:url(http://127.0.0.1:9/x)">x</div>`,
  `\`\`\`html\n<img src=x onerror="${RUN}">\n\`\`\``,
  `| <img src=x onerror="${RUN}"> | b |\n|---|---|\n| 1 | 2 |`,
  `[x](https://example.org/" onmouseover="${RUN})`,
  `<!--><img src=x onerror="${RUN}">-->`,
  `[1]<img src=x onerror="${RUN}">[2]`,
]

export const HARMLESS_MARKDOWN = [
  'A **strong** word and [a page](https://example.org/x).',
  '- one\n- two',
  '```\ncode\n```',
  '| a | b |\n|---|---|\n| 1 | 2 |',
].join('\n\n')
